"""One event: its story, its payload, its rules and its replay; and many replays at once."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from bridge.model import Recipient
from bridge.reasons.reason import Reason, recorded
from bridge.reasons.webhooks import WebhookCode
from bridge.web.console.view import rendering
from tests.console.conftest import MakeSite
from tests.console.test_calls import WHY, actions, shown, uncertain
from tests.console.visits import Site
from tests.store.given import NOT_JSON, delivery, owe, request, start, states, take_in

RULES = """
source: shop
profile: json
secret: ${SHOP_SECRET}
verify: {token: {json: $.secret}}
event: {id: $.id, type: $.type}
rules:
  - name: paid
    when: {$.status: paid, $.amount: {gte: 100}}
    start:
      bot_id: 7
      subscriber_id: $.subscriber
      variables: {amount: $.amount}
"""
SECRET = "s3cret/ключ"


@pytest.fixture
def shop(site: MakeSite, tmp_path: Path) -> Site:
    """A console whose bridge has one source."""
    (tmp_path / "mappings").mkdir(exist_ok=True)
    (tmp_path / "mappings" / "shop.yml").write_text(RULES)
    return site(SHOP_SECRET=SECRET, LEADCONVERTER_TOKEN="canary-token-123")


def received(one: Site, key: str, **document: object) -> None:
    """A webhook as it comes over HTTP."""
    body = {"id": key, "type": "order", "secret": SECRET, **document}
    headers = {"Authorization": "Basic hidden-word", "X-Shop": "plain-word"}
    answer = one.client.post("/hooks/shop?token=hidden-word&page=2", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


def paid(one: Site, key: str = "o-1", subscriber: object = 12) -> None:
    received(one, key, status="paid", amount=250, subscriber=subscriber)


def mended(one: Site, tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "mappings" / "shop.yml"
    path.write_text(path.read_text().replace(before, after))
    assert one.side.mapping_loader.refresh()


def asked(one: Site, query: str = "", number: int = 1) -> dict[str, str]:
    return shown(one.get(f"/events/{number}/replay?{query}"), "rules", "mark")


def test_an_event_tells_from_the_webhook_to_the_call(shop: Site) -> None:
    paid(shop)
    page = shop.get("/events/1").text
    for words in (
        "From shop, 127.0.0.1",
        "How: token in $.secret",
        "o-1",
        "Bot 7 by rule “paid”",
        "subscriber:12",
    ):
        assert words in page
    assert 'data-live="/console/events/1/now"' in page
    assert "Call 1" in shop.get("/events/1/now").text


def test_a_live_part_is_sent_again_only_when_it_changed(shop: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    paid(shop)
    for path in ("/events/1/now", "/events/now", "/overview/now", "/connect/to/shop/now"):
        first = shop.get(path)
        later = time.time() + 15
        monkeypatch.setattr(rendering, "now_ms", lambda later=later: int(later * 1000))
        again = shop.get(path, If_None_Match=first.headers["ETag"])
        assert (path, again.status_code, again.data) == (path, 304, b"")
        monkeypatch.undo()
    tag = shop.get("/events/now").headers["ETag"]
    paid(shop, "o-2")
    assert shop.get("/events/now", If_None_Match=tag).status_code == 200


def test_what_is_settled_is_not_asked_for_anew(shop: Site) -> None:
    received(shop, "o-1", status="open")
    assert "data-live=" not in shop.get("/events/1").text


def test_every_rule_tells_which_condition_decided(shop: Site) -> None:
    received(shop, "o-1", status="PAID", amount=250)
    page = shop.get("/events/1").text
    assert "$.status is &#34;PAID&#34;, wanted &#34;paid&#34;: differs by case" in page
    assert "Almost matched" in page
    held = shop.get("/events/1?rule=paid").text
    assert "shop.yml:8" in held
    assert "$.amount: {gte: 100}" in held
    assert "no rule of" in shop.get("/events/1?rule=nothing").text


def test_what_proves_the_sender_is_hidden_in_headers_parameters_body_and_tree(shop: Site) -> None:
    paid(shop)
    page = shop.get("/events/1").text
    assert "hidden-word" not in page
    assert "s3cret" not in page
    assert "plain-word" in page
    assert page.count("••••••") >= 4


def test_events_are_walked_one_after_the_other(shop: Site) -> None:
    for key in ("o-1", "o-2", "o-3"):
        paid(shop, key)
    page = shop.get("/events/2").text
    assert 'rel="prev" href="/console/events/1"' in page
    assert 'rel="next" href="/console/events/3"' in page
    assert 'rel="prev"' not in shop.get("/events/1").text
    assert shop.get("/events/4").status_code == 404


def test_a_body_that_could_not_be_read_is_shown_as_it_came(shop: Site) -> None:
    take_in(shop.side.store, delivery(request=request(b'{"id": oops'), unreadable=NOT_JSON))
    page = shop.get("/events/1").text
    assert "not JSON: NaN is not a number" in page
    assert "{&#34;id&#34;: oops" in page


def test_how_a_webhook_came_is_said_in_the_visitors_language(shop: Site) -> None:
    by_token = Reason(WebhookCode.BY_TOKEN, place=Reason(WebhookCode.PLACE_HEADER, names=("X-Key",)))
    anyone = Reason(WebhookCode.BY_NOTHING)
    take_in(
        shop.side.store,
        delivery(unreadable=NOT_JSON, verified=by_token),
        delivery(unreadable=recorded("odd"), verified=anyone),
    )
    page = shop.get("/events/1", Accept_Language="ru").text
    assert "не JSON: NaN — не число" in page
    assert "Чем: токен (заголовок X-Key)" in page
    page = shop.get("/events/2", Accept_Language="ru").text
    assert "«odd»" in page
    assert "Отправитель не проверен" in page
    assert (
        "not JSON: NaN is not a number,token in header X-Key"
        in shop.get("/events.csv", Accept_Language="ru").text
    )
    assert "не JSON: NaN — не число" in shop.get("/connect/to/shop/now", Accept_Language="ru").text


def test_a_replay_shows_the_exact_request_first_and_sends_nothing(shop: Site, tmp_path: Path) -> None:
    received(shop, "o-1", status="paid", amount=99, subscriber=12)
    mended(shop, tmp_path, "gte: 100", "gte: 50")
    page = shop.get("/events/1/replay").text
    assert "It would send 1 call" in page
    assert "bot.startWithVariables?subscriber_id=12&amp;bot_id=7&amp;variable%5Bamount%5D=99" in page
    assert "canary" not in page
    assert states(shop.side.store) == {}


def test_a_replay_does_what_was_shown_with_who_and_why(shop: Site, tmp_path: Path) -> None:
    received(shop, "o-1", status="paid", amount=99, subscriber=12)
    mended(shop, tmp_path, "gte: 100", "gte: 50")
    answer = shop.post("/events/1/replay", {**asked(shop), "why": WHY})
    assert (answer.status_code, answer.location) == (303, "/console/events/1")
    assert "Replayed, 1 call added" in shop.get("/events/1").text
    assert states(shop.side.store) == {1: "queued"}
    assert [(who, why) for who, _, why, _ in actions(shop.side.store)] == [("local", WHY)]


def test_a_replay_that_would_do_something_else_by_now_is_shown_again(shop: Site, tmp_path: Path) -> None:
    received(shop, "o-1", status="paid", amount=99, subscriber=12)
    mended(shop, tmp_path, "gte: 100", "gte: 50")
    fields = asked(shop)
    mended(shop, tmp_path, "bot_id: 7", "bot_id: 8")
    again = shop.post("/events/1/replay", {**fields, "why": WHY})
    assert "The result has changed since" in again.text
    assert states(shop.side.store) == {}


def test_a_replay_without_a_reason_is_not_done(shop: Site) -> None:
    paid(shop)
    assert "Give a reason" in shop.post("/events/1/replay", asked(shop)).text
    assert actions(shop.side.store) == []


def test_a_finished_call_is_repeated_only_where_that_is_asked_for_and_warned_of(shop: Site) -> None:
    paid(shop)
    shop.post("/calls/1/decide", {"choice": "cancel", "why": WHY})
    plain, again = shop.get("/events/1/replay").text, shop.get("/events/1/replay?again=1").text
    assert "It would send nothing" in plain
    assert "People are messaged twice" not in plain
    assert "It would send 1 call" in again
    assert "People are messaged twice" in again
    shop.post("/events/1/replay", {**asked(shop, "again=1"), "again": "1", "why": WHY})
    assert states(shop.side.store) == {1: "cancelled", 2: "queued"}


def test_calls_that_were_not_sent_go_out_as_they_were(shop: Site) -> None:
    paid(shop)
    with shop.side.store.transaction() as connection:
        connection.exec_driver_sql("UPDATE calls SET state = 'expired'")
    shop.post("/events/1/replay", {**asked(shop, "rules=original"), "why": WHY})
    assert states(shop.side.store) == {1: "expired", 2: "queued"}


def test_what_cannot_be_replayed_says_why(site: MakeSite) -> None:
    one = site()
    owe(one.side.store, start(7))
    page = one.get("/events/1/replay").text
    assert "no mapping file has its source shop any more" in page
    assert 'name="why"' not in page


def asked_many(one: Site, query: str) -> dict[str, str]:
    return shown(one.get(f"/replay?{query}"), "result", "until", "rules", "mark", "count")


def test_many_events_are_counted_planned_and_then_replayed(shop: Site, tmp_path: Path) -> None:
    for number in range(1, 13):
        received(shop, f"o-{number}", status="paid", amount=99, subscriber=number)
    mended(shop, tmp_path, "gte: 100", "gte: 50")
    preview = shop.get("/replay?result=unmatched").text
    assert "Replay 12 events" in preview
    assert "Looked at 12 events, the oldest first: 12 calls would be added." in preview
    assert states(shop.side.store) == {}
    page = shop.post("/replay", {**asked_many(shop, "result=unmatched"), "why": WHY}).text
    assert "12 were done." in page
    assert "12 calls were added:" in page
    assert list(states(shop.side.store).values()) == ["queued"] * 12


def test_many_events_that_have_changed_are_asked_about_again(shop: Site, tmp_path: Path) -> None:
    for number in (1, 2):
        received(shop, f"o-{number}", status="paid", amount=99, subscriber=number)
    mended(shop, tmp_path, "gte: 100", "gte: 50")
    fields = asked_many(shop, "result=unmatched")
    shop.post("/events/1/replay", {**asked(shop), "why": WHY})
    again = shop.post("/replay", {**fields, "why": WHY})
    assert "There were 2 when you looked, by now there are 1" in again.text
    assert states(shop.side.store) == {1: "queued"}


def test_events_that_still_lack_a_value_are_told_one_by_one(shop: Site) -> None:
    paid(shop, "o-1", subscriber="nobody")
    page = shop.post("/replay", {**asked_many(shop, "result=failed"), "why": WHY}).text
    assert "1 was left as it was." in page
    assert re.search(r"paid: \$\.subscriber is", page)


def test_who_may_only_look_replays_nothing(site: MakeSite) -> None:
    one = site(BRIDGE_CONSOLE_PASSWORD="open", BRIDGE_CONSOLE_READ_PASSWORD="look")
    uncertain(one.side.store, 7)
    one.login("look")
    assert "/events/1/replay" not in one.get("/events/1").text
    for path in ("/events/1/replay", "/replay"):
        assert 'name="why"' not in one.get(path).text
        assert one.post(path, {"why": WHY}).status_code == 403


def test_a_recipient_has_everything_on_one_page_newest_first(shop: Site) -> None:
    paid(shop, "o-1")
    paid(shop, "o-2")
    paid(shop, "o-3", subscriber=13)
    shop.post("/calls/1/decide", {"choice": "cancel", "why": WHY})
    page = shop.get("/recipients/subscriber:12").text
    assert re.findall(r'<h2><a href="/console/events/(\d)"', page) == ["2", "1"]
    assert re.findall(r'<p><a href="/console/calls/(\d)"', page) == ["2", "1"]
    assert WHY in page
    assert shop.get("/recipients/12").text.count("<h2>") == page.count("<h2>")


def test_a_recipient_in_a_messenger_is_found_by_a_key_with_a_slash(site: MakeSite) -> None:
    one = site()
    to = Recipient(user_id="a b", channel_id="vk/1")
    owe(one.side.store, start(recipient=to))
    link = re.search(r'href="/console(/recipients/[^"]*)"', one.get("/calls/1").text)
    assert link
    page = one.get(link[1]).text
    assert to.key == "messenger:vk%2F1/a%20b"
    assert f"<h1>{to.key}</h1>" in page
    assert '<a href="/console/calls/1">' in page


def test_nobody_called_has_a_page_that_says_so(site: MakeSite) -> None:
    assert "No calls for this recipient" in site().get("/recipients/77").text
