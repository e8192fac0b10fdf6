from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from bridge.jsonpath.exact_numbers import Number
from bridge.model import Application, Failure, Match, Verdict
from bridge.reasons.reason import recorded
from bridge.reasons.stored import to_text
from bridge.store.db.engine import Store, open_store
from bridge.store.db.writer import Writer
from bridge.store.inbox.events import Delivery, Stored, accept, batch_writer
from bridge.store.inbox.refusals import Refusal
from bridge.store.reports import event_views
from tests.conftest import Clock
from tests.store.given import (
    ABSENT,
    NOT_JSON,
    NOW,
    PING,
    VERIFIED,
    delivery,
    event,
    made,
    request,
    rows,
    sale,
    start,
    take_in,
)
from tests.support.reasons import read

DAY = 86_400


def test_an_event_and_its_calls_are_stored_together(store: Store) -> None:
    assert take_in(store, sale("p1", start(7), start(8, item=1))) == [(Stored(1, False, 2),)]
    assert rows(store, "SELECT id, delivery, source, key, result FROM events") == [
        (1, 1, "shop", "p1", "matched")
    ]
    assert rows(store, "SELECT id, event_id, state, recipient FROM calls ORDER BY id") == [
        (1, 1, "queued", "subscriber:7"),
        (2, 1, "queued", "subscriber:8"),
    ]


def test_what_was_received_is_kept_to_the_byte(store: Store) -> None:
    sent = request(bytes(range(256)))
    happened = event(document={"id": "p1", "amount": Number("1990.00"), "n": 2**53 + 1, "имя": "Ёж 🦔"})
    verdict = Verdict("sold", Match.UNMATCHED, "$.amount: 5", "differs", Number("1990.00"), 12)
    failure = Failure("gift", 0, "bot_id", "$.bot", ABSENT)
    take_in(store, delivery((happened, Application((), (failure,), (verdict,))), request=sent))
    with store.read() as connection:
        found = event_views.event(connection, 1)
    assert found.request == sent
    assert found.event == happened
    assert str(found.event.document["amount"]) == "1990.00"
    assert found.verdicts == (verdict,)
    assert found.failures == (failure,)
    assert found.rules_version == "abcdef123456"
    assert found.line.client == "203.0.113.7"
    assert found.line.verified == VERIFIED


@pytest.mark.parametrize(
    ("application", "result"),
    [
        (made(start()), "matched"),
        (made(), "unmatched"),
        (Application((), (), (Verdict("a", Match.UNMATCHED),)), "unmatched"),
        (Application((), (), (Verdict("a", Match.MATCHED),)), "matched"),
        (Application((), (Failure("a", 0, "bot_id", "$.x", ABSENT),), ()), "failed"),
        (Application((start(),), (Failure("a", 0, "bot_id", "$.x", ABSENT),), ()), "failed"),
    ],
)
def test_an_event_has_one_result(application: Application, result: str, sqlite_store: Store) -> None:
    take_in(sqlite_store, delivery((event(), application)))
    assert rows(sqlite_store, "SELECT result FROM events") == [(result,)]


def test_an_unreadable_or_ignored_webhook_is_an_event_without_a_document(store: Store) -> None:
    stored = take_in(store, delivery(unreadable=NOT_JSON), delivery(ignored=PING), delivery())
    assert stored == [(Stored(1),), (Stored(2),), (Stored(3),)]
    assert rows(store, "SELECT result, error, key, document FROM events ORDER BY id") == [
        ("unreadable", to_text(NOT_JSON), "", None),
        ("ignored", to_text(PING), "", None),
        ("ignored", "", "", None),
    ]
    with store.read() as connection:
        found = event_views.event(connection, 1)
    assert found.event is None
    assert found.request == request()


def test_the_events_of_a_batch_share_the_bytes_of_their_webhook(store: Store) -> None:
    pairs = [(event(key, document={"n": key}), made(start())) for key in ("a", "b", "c")]
    assert take_in(store, delivery(*pairs)) == [
        (Stored(1, False, 1), Stored(2, False, 1), Stored(3, False, 1))
    ]
    assert rows(store, "SELECT id, delivery, body IS NOT NULL FROM events ORDER BY id") in (
        [(1, 1, 1), (2, 1, 0), (3, 1, 0)],
        [(1, 1, True), (2, 1, False), (3, 1, False)],
    )
    with store.read() as connection:
        found = event_views.event(connection, 3)
    assert found.request == request()
    assert found.event is not None
    assert found.event.document == {"n": "c"}
    assert found.event.headers == {"content-type": "application/json", "x-a": "1, 2"}


def test_a_repeated_event_gets_the_stored_ones_id_and_makes_no_call(store: Store, clock: Clock) -> None:
    take_in(store, sale("p1", start()))
    clock.advance(29 * DAY)
    assert take_in(store, sale("p1", start())) == [(Stored(1, True, 0),)]
    assert rows(store, "SELECT count(*) FROM events") == [(1,)]
    assert rows(store, "SELECT count(*) FROM calls") == [(1,)]


def test_a_repeat_in_the_same_transaction_is_one_too(store: Store) -> None:
    once, twice = take_in(store, sale("p1", start()), sale("p1", start()))
    assert (once, twice) == ((Stored(1, False, 1),), (Stored(1, True, 0),))
    assert rows(store, "SELECT count(*) FROM calls") == [(1,)]


def test_a_batch_with_old_and_new_events_stores_the_new_ones_with_their_bytes(store: Store) -> None:
    take_in(store, sale("a", start()))
    pairs = [(event(key), made(start())) for key in ("a", "b", "b")]
    stored = take_in(store, delivery(*pairs))[0]
    assert [(one.event_id == 1, one.duplicate) for one in stored] == [
        (True, True),
        (False, False),
        (False, True),
    ]
    assert stored[1].event_id == stored[2].event_id
    with store.read() as connection:
        assert event_views.event(connection, stored[1].event_id).request == request()


def test_the_same_id_from_another_source_is_no_repeat(store: Store) -> None:
    take_in(store, sale("p1", start()))
    assert take_in(store, sale("p1", start(), source="crm"))[0][0].duplicate is False


def test_an_id_may_come_again_when_its_time_is_over(store: Store, clock: Clock) -> None:
    take_in(store, sale("p1", start(), dedup_within=600))
    clock.advance(600)
    assert take_in(store, sale("p1", start(), dedup_within=600))[0][0].duplicate is False
    assert take_in(store, sale("p1", start(), dedup_within=600))[0][0].duplicate is True


def test_repeats_can_be_switched_off(store: Store) -> None:
    twice = take_in(store, sale("p1", start(), dedup_within=0), sale("p1", start(), dedup_within=0))
    assert [one.duplicate for (one,) in twice] == [False, False]


def test_twenty_at_the_same_moment_are_one_event_and_one_call(database_url: str) -> None:
    stores = [open_store(database_url) for _ in range(4)]
    writers: list[Writer[Delivery | Refusal, tuple[Stored, ...]]] = [
        Writer(one, batch_writer(one)) for one in stores
    ]
    answers: list[Stored] = []
    barrier = threading.Barrier(20)

    def send(writer: Writer[Delivery | Refusal, tuple[Stored, ...]]) -> None:
        barrier.wait()
        answers.extend(asyncio.run(writer.submit(sale("p1", start()), timeout=20)))

    threads = [threading.Thread(target=send, args=(writers[n % 4],)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.duplicate for one in answers) == [False] + [True] * 19
    assert len({one.event_id for one in answers}) == 1
    assert rows(stores[0], "SELECT count(*) FROM calls") == [(1,)]
    for writer, one in zip(writers, stores, strict=True):
        writer.close()
        one.close()


def test_two_processes_with_the_same_events_in_another_order_do_not_wait_for_ever(database_url: str) -> None:
    keys = [f"k{n}" for n in range(50)]
    stores = [open_store(database_url), open_store(database_url)]
    ends: list[list[tuple[Stored, ...]]] = []

    def send(one: Store, order: list[str], turn: int) -> None:
        ends.append(take_in(one, *(sale(f"{turn}-{key}", start()) for key in order)))

    for turn in range(10):
        threads = [
            threading.Thread(target=send, args=(one, order, turn))
            for one, order in zip(stores, (keys, keys[::-1]), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(ends) == 20
    assert rows(stores[0], "SELECT count(*) FROM events") == [(500,)]
    for one in stores:
        one.close()


@pytest.mark.parametrize(
    "hostile", ["\0", "a\0b", "\ud800", "имя \udfff", "%_'\";--", "?{rows}%s", "x" * 5000, "\ue000\u2028"]
)
def test_any_text_can_be_stored_and_distinguished(hostile: str, store: Store) -> None:
    happened = event(hostile, type=hostile, document={hostile: [hostile]}, query={"q": hostile})
    sent = replace(request(), query=hostile, method=hostile, headers=((hostile, hostile),))
    assert take_in(store, delivery((happened, made(start(rule=hostile or "r"))), request=sent)) == [
        (Stored(1, False, 1),)
    ]
    assert take_in(store, delivery((happened, made(start())), request=sent))[0][0].duplicate
    assert take_in(store, sale(hostile + "!", start()))[0][0].duplicate is False
    with store.read() as connection:
        found = event_views.event(connection, 1)
    assert found.event is not None
    assert found.event.document == {hostile: [hostile]}


def test_five_thousand_events_of_one_webhook_are_one_transaction(store: Store) -> None:
    pairs = [(event(f"k{n}"), made(start(n + 1))) for n in range(5000)]
    stored = take_in(store, delivery(*pairs))[0]
    assert [one.event_id for one in stored] == list(range(1, 5001))
    assert rows(store, "SELECT count(*), count(DISTINCT delivery) FROM events") == [(5000, 1)]
    assert all(one.duplicate for one in take_in(store, delivery(*pairs))[0])


def test_a_shadow_start_is_recorded_and_never_queued(store: Store) -> None:
    take_in(store, sale("p1", start(shadow=True)))
    ((state, reason, settled_at),) = rows(store, "SELECT state, reason, settled_at FROM calls")
    assert (state, read(reason), settled_at) == ("cancelled", "shadow: recorded, never sent", NOW)


def test_nothing_to_accept_is_no_error(store: Store) -> None:
    assert take_in(store) == []


def test_an_event_whose_call_cannot_be_stored_is_not_stored_either(store: Store) -> None:
    with pytest.raises(Exception, match=r"(?i)unique"):
        take_in(store, sale("p1", start(), start()))
    assert rows(store, "SELECT count(*) FROM events") == [(0,)]
    assert rows(store, "SELECT count(*) FROM dedup") == [(0,)]


def test_a_writer_takes_refusals_and_webhooks_alike(store: Store) -> None:
    writer: Writer[Any, Any] = Writer(store, batch_writer(store), start=False)
    writer.offer(Refusal("shop", NOW, 401, "signature", recorded("it differs"), request()))
    writer.offer(sale("p1", start()))
    assert writer.step() == 2
    assert rows(store, "SELECT count(*) FROM refusals") == [(1,)]
    assert rows(store, "SELECT count(*) FROM events") == [(1,)]


def test_each_event_says_what_became_of_it(store: Store) -> None:
    take_in(store, sale("b", start()))
    webhooks = [
        sale("a", start()),
        sale("b"),
        sale("c"),
        delivery(unreadable=NOT_JSON),
        delivery(ignored=PING),
        delivery((event("d"), made(start())), (event("d"), made(start()))),
    ]
    (told,) = [[[one.result for one in group] for group in take_in(store, *webhooks)]]
    assert told == [
        ["matched"],
        ["duplicate"],
        ["unmatched"],
        ["unreadable"],
        ["ignored"],
        ["matched", "duplicate"],
    ]


def test_accepting_gives_one_answer_per_webhook_in_their_order(store: Store) -> None:
    take_in(store, sale("b", start()))
    with store.transaction() as connection:
        stored = accept(connection, NOW, [sale("a"), sale("b"), delivery(ignored=PING), sale("c"), sale("a")])
    assert [[one.duplicate for one in group] for group in stored] == [
        [False],
        [True],
        [False],
        [False],
        [True],
    ]
    keys = dict(rows(store, "SELECT id, key FROM events"))
    assert [keys[group[0].event_id] for group in stored] == ["a", "b", "", "c", "a"]
