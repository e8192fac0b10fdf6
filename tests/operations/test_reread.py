"""A stored event is read with its current source wherever rules are evaluated on it again."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from bridge.mapping.lint.history import check_history
from bridge.mapping.rules.apply import MappingFile
from bridge.model import Event, Request, State
from bridge.operations.authoring.backtest import Sides
from bridge.operations.authoring.backtest import run as backtest
from bridge.operations.authoring.try_payload import trial
from bridge.operations.reevaluate import reevaluate
from bridge.operations.replay import Applied, ReadAs, Replayer
from bridge.operations.replay_many import plan_all, replay_all
from bridge.operations.reread import Rereader
from bridge.settings import load
from bridge.store.db.engine import Store
from bridge.store.db.tables import events as rows
from bridge.store.queue.decisions import Decider
from bridge.store.reports import event_views
from bridge.store.reports.event_views import EventFilter, StoredEvent
from tests.operations.given import ENVIRONMENT, came, shop, states

HEAD = "source: shop\nsecret: ${SHOP_SECRET}\nverify: {token: {header: X-Token}}\n"
BEFORE = f"{HEAD}body: json\n"
RULES = """
rules:
  - name: paid
    when: {$event.type: paid}
    start: {bot_id: 7, subscriber_id: $.subscriber_id, variables: {order: $event.id}}
"""
AFTER = f"{BEFORE}event: {{id: $.id, type: $.type}}{RULES}"
CAME = {"id": "1", "type": "paid", "subscriber_id": 778899, "name": "Maria"}
BY = Decider("maria", "connected")


def sent(document: Any, kind: str = "application/json") -> Request:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Request("POST", "", (("Content-Type", kind),), body, "203.0.113.7")


def stored(store: Store, number: int) -> StoredEvent:
    with store.read() as connection:
        return event_views.event(connection, number)


def reread(store: Store, number: int, mapping: MappingFile) -> Event:
    found = Rereader().event(mapping.source, stored(store, number))
    assert found is not None
    return found


def without_bytes(store: Store) -> None:
    """What `purge` leaves of a webhook at first, so that only its document is known."""
    with store.transaction() as connection:
        connection.execute(rows.update().values(body=None))


def test_an_event_stored_before_its_type_was_declared_is_replayed_by_its_type(store: Store) -> None:
    number = came(store, sent(CAME), shop(BEFORE))
    assert stored(store, number).line.type == ""
    replayer = Replayer({"shop": shop(AFTER)}, BY)
    (planned,) = plan_all(store, replayer, [number])
    assert isinstance(planned, Applied)
    assert (planned.calls, planned.read_as) == (1, ReadAs("1", "paid"))
    (start,) = (one.start for one in planned.starts)
    assert (start.recipient.subscriber_id, start.variables) == (778899, (("order", "1"),))
    (done,) = replay_all(store, replayer, [number], lambda: None)
    assert done == planned
    assert states(store) == {1: State.QUEUED}


def test_its_row_and_its_key_stay_and_a_second_replay_starts_nothing(store: Store) -> None:
    number = came(store, sent(CAME), shop(BEFORE))
    before = stored(store, number).line
    replayer = Replayer({"shop": shop(AFTER)}, BY)
    for calls in (1, 0):
        (done,) = replay_all(store, replayer, [number], lambda: None)
        assert done.calls == calls
    after = stored(store, number).line
    assert (after.key, after.type) == (before.key, before.type)
    assert len(after.calls) == 1


def test_an_event_with_the_same_id_and_type_has_no_read_as(store: Store) -> None:
    number = came(store, sent(CAME), shop(AFTER))
    (planned,) = plan_all(store, Replayer({"shop": shop(AFTER)}, BY), [number])
    assert isinstance(planned, Applied)
    assert planned.read_as is None


@pytest.mark.parametrize("purged", [False, True])
@pytest.mark.parametrize(
    ("event", "identity"),
    [
        ("{id: $.id, type: $.type}", ("1", "paid")),
        ("{id: [$.type, $.id], type: order}", ("paid:1", "order")),
        ("{type: $.type}", ("body:", "paid")),
        ("{id: $.nowhere, type: $.nowhere}", ("body:", "")),
        ("{id: \"$headers['content-type']\", type: $.name}", ("application/json", "Maria")),
    ],
)
def test_id_and_type_are_those_of_the_source_of_now(
    store: Store, event: str, identity: tuple[str, str], purged: bool
) -> None:
    number = came(store, sent(CAME), shop(BEFORE))
    if purged and "headers" in event:
        pytest.skip("headers go with the bytes")
    if purged:
        without_bytes(store)
    found = reread(store, number, shop(f"{BEFORE}event: {event}\n"))
    assert (found.id[:5] if found.id.startswith("body:") else found.id, found.type) == identity


LEADS = urlencode(
    [(f"leads[status][{at}][{key}]", f"{at + 1}{key}") for at in (0, 1) for key in ("id", "status_id")]
).encode()


@pytest.mark.parametrize("purged", [False, True])
def test_of_a_batch_each_event_stays_itself(store: Store, purged: bool) -> None:
    split = "split: {path: '$.leads[*][*]', keep: envelope}\n"
    form = f"{HEAD}body: form\n{split}"
    last = came(store, sent(LEADS, "application/x-www-form-urlencoded"), shop(form))
    if purged:
        without_bytes(store)
    now = shop(f"{form}event: {{id: [$item.id, $item.status_id], type: {{split: names}}}}\n")
    found = [reread(store, number, now) for number in (last - 1, last)]
    assert [(one.id, one.type) for one in found] == [
        ("1id:1status_id", "leads.status"),
        ("2id:2status_id", "leads.status"),
    ]
    assert found[0].document["leads"]["status"]["0"]["id"] == "1id"


def test_an_event_of_a_batch_is_not_taken_for_the_whole_where_the_split_is_gone(store: Store) -> None:
    last = came(store, sent([{**CAME, "id": "1"}, {**CAME, "id": "2"}]), shop(f"{BEFORE}split: $[*]\n"))
    found = [reread(store, number, shop(AFTER)) for number in (last - 1, last)]
    assert [(one.id, one.document["id"]) for one in found] == [("1", "1"), ("2", "2")]


def test_a_whole_is_not_taken_for_an_item_where_a_split_was_added(store: Store) -> None:
    whole = {"items": [CAME, {**CAME, "id": "2"}], "type": "basket", "id": "b"}
    number = came(store, sent(whole), shop(BEFORE))
    found = reread(store, number, shop(AFTER.replace("event:", "split: $.items[*]\nevent:")))
    assert (found.id, found.type, found.document) == ("b", "basket", whole)


def test_a_document_is_decoded_as_the_source_says_now(store: Store) -> None:
    body = urlencode({"order": "7", "data": '{"subscriber_id": 5}'}).encode()
    form = f"{HEAD}body: form\nevent: {{id: $.order}}\n"
    number = came(store, sent(body, "application/x-www-form-urlencoded"), shop(form))
    assert stored(store, number).event.document["data"] == '{"subscriber_id": 5}'  # type: ignore[union-attr]
    now = shop(form.replace("body: form", "body: form\njson_fields: [data]"))
    assert reread(store, number, now).document["data"] == {"subscriber_id": 5}


def test_explain_holds_a_rule_against_the_event_as_it_is_read_now(store: Store) -> None:
    number = came(store, sent(CAME), shop(BEFORE))
    held = reevaluate(stored(store, number), {"shop": shop(AFTER)}, "paid")
    assert held.evaluation.nearness == "matched"


def test_backtest_and_review_read_past_events_so(store: Store) -> None:
    for at in range(6):
        came(store, sent({**CAME, "id": str(at)}), shop(BEFORE))
    after = shop(AFTER)
    found = backtest(store, EventFilter(), 100, Sides({"shop": after}, None))
    assert (found.total.before, found.total.after) == (0, 6)
    same = backtest(store, EventFilter(), 100, Sides({"shop": after}, {"shop": after}))
    assert (same.total.before, same.total.after, same.differing) == (6, 6, 0)
    slip = shop(AFTER.replace("{order: $event.id}", "{order: $.nowhere}"))
    past = [stored(store, number).event for number in range(1, 7)]
    (finding,) = check_history(slip, [one for one in past if one])
    assert "$.nowhere is absent in all 6" in finding.message


def test_the_playground_reads_an_event_without_its_bytes_so(store: Store) -> None:
    number = came(store, sent(CAME), shop(BEFORE))
    found = trial(load(ENVIRONMENT), "mappings/shop.yml", AFTER.encode(), stored(store, number).event, 0)
    (tried,) = found.tried
    assert (tried.event.id, tried.event.type, len(tried.calls)) == ("1", "paid", 1)
