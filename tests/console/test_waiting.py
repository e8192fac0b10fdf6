"""Calls that wait until they are due: shown truly, sent now and cancelled, one by one and many at once."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from bridge.model import Errand
from tests.console.conftest import MakeSite
from tests.console.test_calls import WHY, actions, asked_many, numbers
from tests.console.visits import Site, served
from tests.store.given import (
    NOW,
    cancel,
    claim,
    later,
    paid,
    sale,
    settle,
    settlement,
    start,
    states,
    take_in,
)
from tests.support.axe import findings
from tests.support.browser import Watched, shot

HOUR = 3_600_000
RULES = """
source: shop
profile: json
verify: none
event: {id: $.id, type: $.type}
rules:
  - name: cart left
    when: {$.status: left}
    key: "cart:{$.cart}"
    again: replace
    after: 48h
    start: {bot_id: 7, subscriber_id: $.subscriber}
  - name: paid
    when: {$.status: paid}
    cancel: {key: "cart:{$.cart}", for: 7d}
"""


def waits(one: Site, *carts: int, **more: Any) -> None:
    """Calls that wait for two days from now, each of a cart of its own."""
    store = one.side.store
    with store.read() as connection:
        after = (store.now(connection) + 48 * HOUR + 60_000 - NOW) // 1000
    for cart in carts:
        left = later(key=f"cart:{cart}", after=after, zone="Europe/Moscow", **more)
        take_in(store, sale(f"left-{cart}-{more}", left))


def text_of(page: str) -> str:
    """The words of a page, one after another."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def test_what_waits_is_a_list_with_due_time_zone_and_key(site: MakeSite) -> None:
    one = site()
    waits(one, 7)
    take_in(one.side.store, sale("now", start(9)))
    page = one.get("/calls?state=waiting")
    assert numbers(page) == [1]
    words = text_of(page.text).replace("\u202f", " ").replace("\u00a0", " ")
    assert "Due Key" in words
    assert "in 2 d · time zone of the rule: Europe/Moscow" in words
    assert "cart:7" in words
    everything = one.get("/calls").text
    assert everything.count('data-time="until"') == 1


def test_the_file_has_due_time_zone_and_key(site: MakeSite) -> None:
    one = site()
    waits(one, 7)
    (row,) = csv.DictReader(io.StringIO(one.get("/calls.csv").data.decode("utf-8-sig")))
    assert (row["state"], row["zone"], row["key"]) == ("waiting", "Europe/Moscow", "cart:7")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?\+03:00", row["due"])


def test_a_waiting_call_says_until_when_in_whose_zone_and_what_it_can_be(site: MakeSite) -> None:
    one = site()
    waits(one, 7)
    page = one.get("/calls/1").text
    assert "Waits until 20" in page
    assert "+03:00, time zone Europe/Moscow (in 2 d)" in page
    assert "key cart:7, again: replace" in page
    assert "known once it is queued" in page
    assert re.findall(r'name="choice" value="(\w+)"', page) == ["send_now", "cancel"]
    russian = one.get("/calls/1", Accept_Language="ru").text
    assert "часовой пояс Europe/Moscow (через 2 дн)" in russian.replace("\u202f", " ").replace("\u00a0", " ")
    assert "Отправить сейчас" in russian


def test_a_waiting_call_is_sent_now_with_who_and_why(site: MakeSite) -> None:
    one = site()
    waits(one, 7)
    answer = one.post("/calls/1/decide", {"choice": "send_now", "why": WHY})
    assert (answer.status_code, answer.location) == (303, "/console/calls/1")
    page = one.get("/calls/1").text
    assert "Call 1 is queued before its time" in page
    assert "sent before its time by" in page
    assert states(one.side.store) == {1: "queued"}
    assert [action[1:] for action in actions(one.side.store)] == [("send before its time", WHY, "1")]
    assert one.post("/calls/1/decide", {"choice": "send_now", "why": WHY}).status_code == 409


def test_a_shadow_call_cannot_be_sent_now(site: MakeSite) -> None:
    one = site()
    waits(one, 7, shadow=True)
    assert re.findall(r'name="choice" value="(\w+)"', one.get("/calls/1").text) == ["cancel"]
    assert one.post("/calls/1/decide", {"choice": "send_now", "why": WHY}).status_code == 409


@pytest.mark.parametrize(("choice", "end"), [("send_now", "queued"), ("cancel", "cancelled")])
def test_many_waiting_calls_are_counted_first_and_then_decided(site: MakeSite, choice: str, end: str) -> None:
    one = site()
    waits(one, 1, 2, 3)
    take_in(one.side.store, sale("now", start(9)))
    listed = one.get("/calls?state=waiting").text
    assert f"/console/calls/decide?choice={choice}&amp;state=waiting" in listed
    fields = asked_many(one, f"choice={choice}&state=waiting")
    assert fields["count"] == "3"
    page = one.post("/calls/decide", {**fields, "why": WHY}).text
    assert "3 were done." in page
    assert states(one.side.store) == {1: end, 2: end, 3: end, 4: "queued"}


def test_what_an_event_cancelled_is_told_on_both_sides(site: MakeSite) -> None:
    one = site()
    waits(one, 7)
    take_in(one.side.store, paid("paid-7", cancel("cart:7", lasts=7 * 86_400)))
    event = text_of(one.get("/events/2").text)
    assert "Cancelled by rule “paid”" in event
    assert "Cancelled call 1 with the key cart:7" in event
    assert "new calls with the key cart:7 are cancelled, too" in event
    call = one.get("/calls/1").text
    assert "cancelled by event 2" in call
    assert 'href="/console/events/2"' in call
    waits(one, 7, rule="again")
    assert "cancelled before it came, by event 2" in one.get("/calls/2").text


def test_what_came_too_late_is_told_on_both_sides(site: MakeSite) -> None:
    one = site()
    take_in(one.side.store, sale("left", start(errand=Errand("cart:7", "replace"))))
    claim(one.side.store)
    take_in(one.side.store, paid("paid", cancel("cart:7")))
    call = text_of(one.get("/calls/1").text)
    assert call.count("Event 2 cancelled it too late: it was being sent") == 2
    assert "Too late for call 1 with the key cart:7: it was being sent" in text_of(one.get("/events/2").text)


def test_a_call_that_was_replaced_leads_to_its_successor(site: MakeSite) -> None:
    one = site()
    waits(one, 7)
    take_in(one.side.store, sale("again", later(key="cart:7")))
    page = one.get("/calls/1").text
    assert "replaced by call 2" in page
    assert 'href="/console/calls/2"' in page


def test_the_recipient_and_the_event_show_when_a_call_is_due(site: MakeSite) -> None:
    one = site()
    waits(one, 7)
    for path in ("/recipients/subscriber:7", "/events/1"):
        assert 'data-time="until"' in one.get(path).text


def test_the_overview_counts_what_waits_and_says_when_the_next_is_due(site: MakeSite) -> None:
    one = site()
    waits(one, 1, 2)
    with one.side.store.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO accounts (name, tat, slow, paused_at, paused_by, paused_reason, token_mark, health) "
            "VALUES ('main', 0, 0, 0, '', '', '', '')"
        )
    words = text_of(one.get("/").text).replace("\u202f", " ").replace("\u00a0", " ")
    assert "In progress 0" in words
    assert "Waiting 2 the next in 2 d" in words


@pytest.fixture
def shop(site: MakeSite, tmp_path: Path) -> Site:
    """A console whose bridge has one source."""
    (tmp_path / "mappings").mkdir(exist_ok=True)
    (tmp_path / "mappings" / "shop.yml").write_text(RULES)
    return site(LEADCONVERTER_TOKEN="t")


def came(one: Site, key: str, status: str) -> None:
    body = {"id": key, "type": "cart", "status": status, "cart": 7, "subscriber": 12}
    assert one.client.post("/hooks/shop", json=body).status_code == 200


def test_a_replay_says_what_is_under_a_cancellation_and_starts_it_only_if_told_to(shop: Site) -> None:
    came(shop, "p-1", "paid")
    came(shop, "c-1", "left")
    assert states(shop.side.store) == {1: "cancelled"}
    with shop.side.store.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM calls")
    page = shop.get("/events/2/replay").text
    assert "Its key is cancelled until later, by" in page
    assert "It would send nothing" in page
    page = shop.get("/events/2/replay?past_cancel=1").text
    assert "It would send 1 call" in page
    assert re.search(r'name="past_cancel" value="1" checked', page)
    mark = re.search(r'name="mark" value="(\w+)"', page)
    assert mark
    fields = {"rules": "current", "past_cancel": "1", "mark": mark[1], "why": WHY}
    assert shop.post("/events/2/replay", fields).status_code == 303
    assert [*states(shop.side.store).values()] == ["waiting"]


def test_a_replay_of_what_only_cancels_says_what_ends(shop: Site) -> None:
    came(shop, "p-1", "paid")
    page = shop.get("/events/1/replay").text
    assert "Cancels what waits under the key cart:7" in page
    assert "no rule matches" not in page


def test_a_call_in_doubt_that_was_cancelled_says_that_it_is_not_sent_again(site: MakeSite) -> None:
    one = site()
    take_in(one.side.store, sale("left", start(errand=Errand("cart:7", "replace"))))
    (call,) = claim(one.side.store)
    settle(one.side.store, settlement(call, "uncertain"))
    take_in(one.side.store, paid("paid", cancel("cart:7")))
    words = "Event 2 cancelled it; it may have run, and is not sent again automatically"
    assert words in text_of(one.get("/calls/1").text)


PAGES = (
    *("/", "/calls?state=waiting", "/calls/1", "/calls/2", "/events/1", "/events/3", "/events/1/replay"),
    *("/recipients/subscriber:7", "/calls/decide?choice=send_now&state=waiting"),
)


def told(one: Site) -> None:
    """A call that waits, one that was cancelled, and the event that did it."""
    waits(one, 7, 8)
    take_in(one.side.store, paid("paid-8", cancel("cart:8", lasts=7 * 86_400)))


@pytest.mark.thorough
@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "ru")])
def test_a_phone_shows_what_waits_without_scrolling_and_without_barriers(
    site: MakeSite, browser: Browser, theme: Literal["light", "dark"], language: str
) -> None:
    one = site()
    told(one)
    phone: ViewportSize = {"width": 375, "height": 740}
    with (
        served(one) as address,
        browser.new_context(base_url=address, locale=language, color_scheme=theme, viewport=phone) as context,
    ):
        watched = Watched(context)
        page = watched.page()
        for path in PAGES:
            page.goto(f"/console{path}")
            assert page.evaluate("document.documentElement.scrollWidth") == phone["width"], path
            assert findings(page) == []
            shot(page, f"waiting{path}-{theme}-{language}")
        assert watched.complaints == []


def test_a_waiting_call_is_sent_now_by_the_keyboard_alone(site: MakeSite, browser: Browser) -> None:
    one = site()
    told(one)
    with served(one) as address, browser.new_context(base_url=address, locale="en") as context:
        page = context.new_page()
        page.goto("/console/calls?state=waiting")
        expect(page.locator("tbody time[data-time=until]")).to_have_text("in 2 days")
        page.locator("a.row").focus()
        page.keyboard.press("Enter")
        page.get_by_label("Reason").focus()
        page.keyboard.type(WHY)
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Send now")).to_be_focused()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Send this call now, before its time?")
        dialog.get_by_role("button", name="Yes, do it").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#messages")).to_contain_text("is queued before its time")
    assert states(one.side.store)[1] == "queued"
