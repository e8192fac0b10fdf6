"""The lists of events and refusals in this process."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from bridge.model import Application, Failure, Match, Verdict
from bridge.reasons.reason import Reason, recorded
from bridge.reasons.webhooks import WebhookCode
from bridge.store.inbox import refusals
from bridge.store.inbox.refusals import Refusal
from bridge.store.reports import pagination
from tests.console.conftest import MakeSite
from tests.console.visits import Site
from tests.store import given
from tests.store.given import (
    ABSENT,
    NOT_JSON,
    claim,
    delivery,
    event,
    made,
    sale,
    settle,
    settlement,
    start,
    take_in,
)

FAR = Verdict("far", Match.UNMATCHED, "$.status: paid", "differs", "new", 4)


@pytest.fixture
def one(site: MakeSite) -> Site:
    return site()


def shown(one: Site, query: str = "") -> list[int]:
    """The ids of the events on the page."""
    return [int(number) for number in re.findall(r'<tr id="e(\d+)">', one.get(f"/events{query}").text)]


def sold(one: Site, *keys: str, **more: object) -> None:
    for key in keys:
        take_in(one.side.store, sale(key, start(7), **more))


def test_events_are_listed_newest_first_a_page_at_a_time(one: Site) -> None:
    sold(one, *(f"p{number}" for number in range(1, 53)))
    assert shown(one) == list(range(52, 2, -1))
    assert 'href="/console/events?before=3"' in one.get("/events").text
    assert shown(one, "?before=3") == [2, 1]


def test_each_row_leads_to_its_event_and_calls_and_says_why_nothing_started(one: Site) -> None:
    store = one.side.store
    sold(one, "p1", "p2")
    taken = claim(store)
    settle(store, settlement(taken[0], "refused", reason="blocked <b>"))
    failure = Failure("sold", 0, "bot_id", "$.x", ABSENT)
    take_in(store, delivery((event("p3"), Application((), (failure,), (Verdict("sold", Match.FAILED),)))))
    take_in(store, delivery((event("p4"), Application((), (), (FAR,)))))
    take_in(store, delivery(unreadable=NOT_JSON))
    page = one.get("/events").text
    rows = dict(re.findall(r'<tr id="e(\d+)">(.*?)</tr>', page, re.DOTALL))
    assert 'href="/console/events/1"' in rows["1"]
    assert 'href="/console/calls/1" aria-label="Call 1: Refused"' in rows["1"]
    assert "blocked &lt;b&gt;" in rows["1"]
    assert "sold: no usable bot_id: $.x is absent" in rows["3"]
    assert "far: $.status is &#34;new&#34;, wanted &#34;paid&#34;" in rows["4"]
    assert "not JSON" in rows["5"]


def test_a_filter_narrows_the_list_and_travels_with_every_way_on(one: Site) -> None:
    sold(one, "p1", "p2", type="paid")
    sold(one, "x1", source="crm", type="deal")
    take_in(one.side.store, delivery((event("p9", type="paid"), Application((), (), (FAR,)))))
    assert shown(one, "?source=crm") == [3]
    assert shown(one, "?type=paid&result=matched") == [2, 1]
    assert shown(one, "?rule=sold") == [3, 2, 1]
    assert shown(one, "?since=2020-01-01&until=2020-01-02") == []
    page = one.get("/events?source=shop&result=matched").text
    assert 'href="/console/events.csv?source=shop&amp;result=matched"' in page
    assert 'href="/console/replay?source=shop&amp;result=matched"' in page
    assert 'data-live="/console/events/now?source=shop&amp;result=matched"' in page
    assert '<option value="crm">' in page


def test_a_time_that_cannot_be_read_is_said(one: Site) -> None:
    sold(one, "p1")
    page = one.get("/events?since=yesterdayish").text
    assert "since is &#34;yesterdayish&#34;, expected a time span or a time" in page
    assert shown(one, "?since=yesterdayish") == []


def test_a_text_is_found_by_what_it_is_the_number_or_key_of(one: Site) -> None:
    sold(one, "order-7")
    sold(one, "p2", document={"refund": "order-7"})
    page = one.get("/events?search=7").text
    assert "Recipient subscriber:7" in page
    assert "/console/recipients/subscriber:7" in page
    page = one.get("/events?search=1").text
    assert "Event 1</a>" in page
    assert "Call 1</a>" in page
    assert shown(one, "?search=order-7") == [1]
    assert "in=payloads" in one.get("/events?search=order-7").text
    assert shown(one, "?search=order-7&in=payloads") == [2, 1]
    assert shown(one, "?search=ORDER") == [2, 1]
    assert shown(one, "?search=%25") == []


def test_a_search_says_how_far_back_it_looked_and_goes_on_from_there(
    one: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "SEARCHED", 2)
    sold(one, "needle", "b", "c", document={"note": "old"})
    sold(one, "d", document={"note": "new"})
    page = one.get("/events?search=old").text
    assert shown(one, "?search=old") == [3]
    assert "Searched back to" in page
    assert 'href="/console/events?search=old&amp;before=3"' in page
    page = one.get("/events?search=nowhere").text
    assert "Nothing found yet." in page
    assert 'data-further="/console/events?search=nowhere&amp;before=3" data-empty' in page
    page = one.get("/events?search=nowhere&before=3").text
    assert "Everything that is stored was searched." in page


def test_events_are_a_file_for_a_spreadsheet_too(one: Site) -> None:
    sold(one, "=cmd()", "p2")
    answer = one.get("/events.csv?type=paid")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [(row["event"], row["senders_id"], row["calls"]) for row in rows] == [
        ("2", "p2", "2:queued"),
        ("1", "'=cmd()", "1:queued"),
    ]


def test_an_empty_list_says_what_to_do(one: Site) -> None:
    assert "A webhook shows here as soon as it arrives." in one.get("/events").text
    assert "No event fits" in one.get("/events?source=nobody").text


def test_an_event_of_many_calls_shows_the_first_and_counts_the_others(one: Site) -> None:
    starts = [start(number, item=number) for number in range(1, 8)]
    take_in(one.side.store, delivery((event("p1"), made(*starts))))
    page = one.get("/events").text
    assert page.count('<a href="/console/calls/') == 4
    assert '<a href="/console/calls?event=1">3 more</a>' in page


def test_who_may_only_look_is_offered_no_replay(site: MakeSite) -> None:
    locked = site(BRIDGE_CONSOLE_PASSWORD="p" * 12, BRIDGE_CONSOLE_READ_PASSWORD="r" * 12)
    locked.login("r" * 12)
    assert "/console/replay" not in locked.get("/events").text


def refuse(one: Site, *sources: str, **more: Any) -> None:
    with one.side.store.transaction() as connection:
        items = [
            Refusal(name, given.NOW, 401, "token", recorded("no <b>"), given.request(**more))
            for name in sources
        ]
        refusals.refuse(connection, given.NOW, items)


def test_refusals_are_listed_newest_first_by_source(one: Site) -> None:
    refuse(one, "shop", "crm", "shop")
    page = one.get("/refusals?source=shop").text
    assert re.findall(r'href="/console/refusals/(\d+)"', page) == ["3", "1"]
    assert "no &lt;b&gt;" in page
    assert '<option value="crm">' in page


def test_why_webhooks_were_refused_is_said_in_the_visitors_language(one: Site) -> None:
    place = Reason(WebhookCode.PLACE_HEADER, names=("X-Sign", "X-Hash"))
    why = Reason(WebhookCode.SIGNATURE_DIFFERS, place=place)
    with one.side.store.transaction() as connection:
        refusal = Refusal("shop", given.NOW, 401, "signature", why, given.request())
        refusals.refuse(connection, given.NOW, [refusal])
    words = "заголовок X-Sign или X-Hash: подпись не подходит к тому, что прислано"
    assert words in one.get("/refusals", Accept_Language="ru").text
    assert words in one.get("/refusals/1", Accept_Language="ru").text
    assert "header X-Sign or X-Hash does not match" in one.get("/refusals/1").text


def test_a_refusal_shows_what_came_but_not_what_was_to_prove_it(one: Site) -> None:
    (one.side.mapping_loader._folder / "shop.yml").write_text(
        'source: shop\nbody: json\nsecret: "${KEY}"\nverify: {token: {json: $.code}}\nevent: {id: $.id}\n'
    )
    one.side.mapping_loader._environment = {"KEY": "k"}
    one.side.mapping_loader.refresh()
    body = b'{"id":"<script>","code":"nearly-right"}'
    refuse(one, "shop", headers=(("Authorization", "Bearer abc"),), body=body, query="token=t1&a=1")
    page = one.get("/refusals/1").text
    assert "&lt;script&gt;" in page
    for secret in ("nearly-right", "abc", "t1"):
        assert secret not in page.partition("<main")[2]
    assert "no &lt;b&gt;" in page
    assert one.get("/refusals/2").status_code == 404


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (401, "ip", "compare the list with its documentation"),
        (401, "stale", "the clocks differ"),
        (401, "signature", "Compare the secret"),
        (413, "too_large", "larger than the bridge accepts"),
    ],
)
def test_a_refusal_says_what_to_look_at(one: Site, status: int, code: str, advice: str) -> None:
    refused = Refusal("shop", given.NOW, status, code, recorded("no"), given.request())
    with one.side.store.transaction() as connection:
        refusals.refuse(connection, given.NOW, [refused])
    assert advice in one.get("/refusals/1").text


def test_where_nothing_was_refused_that_is_said(one: Site) -> None:
    assert "No webhook was rejected" in one.get("/refusals").text
