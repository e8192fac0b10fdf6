from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bridge.model import Application, Failure
from bridge.store.db.engine import Store
from bridge.store.state import alerts
from bridge.store.state.alerts import Mark, Pending
from tests.conftest import Clock
from tests.store.given import ABSENT, NOT_JSON, NOW, PING, delivery, event, take_in
from tests.support.reasons import because

MINUTE = 60_000


def note(store: Store, **happened: list[str]) -> None:
    with store.transaction() as connection:
        found = {kind: [because(one) for one in words] for kind, words in happened.items()}
        alerts.note(connection, store.now(connection), found)


def due(store: Store) -> list[Pending]:
    with store.read() as connection:
        return alerts.due(connection, store.now(connection))


def take(store: Store, one: Pending) -> bool:
    with store.transaction() as connection:
        return alerts.take(connection, store.now(connection), one)


def told(store: Store, one: Pending) -> None:
    with store.transaction() as connection:
        alerts.mark_sent(connection, store.now(connection), one)


def test_what_happened_is_collected_by_kind_with_the_last_in_words(store: Store, clock: Clock) -> None:
    note(store, refused=["call 1", "call 2"], paused=["account main"])
    clock.advance(5)
    note(store, refused=["call 3"], silent=[])
    assert due(store) == [
        Pending("paused", 1, NOW, because("account main"), 0),
        Pending("refused", 3, NOW, because("call 3"), 0),
    ]


def test_each_kind_is_sent_at_most_once_in_ten_minutes(store: Store, clock: Clock) -> None:
    note(store, refused=["call 1"])
    (first,) = due(store)
    assert take(store, first)
    told(store, first)
    clock.advance(60)
    note(store, refused=["call 2"], paused=["account main"])
    assert [one.kind for one in due(store)] == ["paused"]
    clock.advance(540)
    assert due(store)[1] == Pending("refused", 1, NOW + MINUTE, because("call 2"), NOW)


def test_of_many_processes_one_sends(store: Store) -> None:
    note(store, refused=["call 1"])
    (one,) = due(store)
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(lambda _: take(store, one), range(8))) == [False] * 7 + [True]


def test_what_a_process_claimed_and_did_not_send_is_sent_ten_minutes_later(
    store: Store, clock: Clock
) -> None:
    note(store, refused=["call 1"])
    (one,) = due(store)
    take(store, one)
    clock.advance(599)
    assert due(store) == []
    clock.advance(1)
    assert [again.many for again in due(store)] == [1]


def test_what_could_not_be_delivered_is_tried_again_in_a_minute(store: Store, clock: Clock) -> None:
    note(store, refused=["call 1"])
    (one,) = due(store)
    take(store, one)
    with store.transaction() as connection:
        alerts.retry_soon(connection, clock.ms, one, clock.ms)
    clock.advance(59)
    assert due(store) == []
    clock.advance(1)
    assert len(due(store)) == 1


def test_what_happens_during_sending_is_sent_next_time(store: Store, clock: Clock) -> None:
    note(store, refused=["call 1"])
    (one,) = due(store)
    take(store, one)
    note(store, refused=["call 2"])
    told(store, one)
    clock.advance(600)
    (rest,) = due(store)
    assert (rest.many, rest.detail) == (1, because("call 2"))


def test_a_mark_is_moved_by_one_process_only(store: Store) -> None:
    with store.transaction() as connection:
        assert alerts.mark(connection, "failing") is None
        alerts.begin(connection, NOW, "failing", 5)
        alerts.begin(connection, NOW + 1, "failing", 9)
        assert alerts.mark(connection, "failing") == Mark(5, NOW)
        assert alerts.move(connection, "failing", 5, 7)
        assert not alerts.move(connection, "failing", 5, 8)
        assert alerts.mark(connection, "failing") == Mark(7, NOW)


def test_a_kind_with_a_mark_can_have_pending_alerts(store: Store) -> None:
    with store.transaction() as connection:
        alerts.begin(connection, NOW, "failing", 5)
    assert due(store) == []
    note(store, failing=["event 6"])
    assert [one.many for one in due(store)] == [1]


def test_events_that_need_attention_are_found_beyond_a_mark(store: Store) -> None:
    failure = Failure("sold", 0, "subscriber_id", "$.buyer", ABSENT)
    failed = (event("f1"), Application((), (failure,), ()))
    take_in(store, delivery(failed), delivery(unreadable=NOT_JSON), delivery(ignored=PING))
    with store.read() as connection:
        assert alerts.newest_event(connection) == 3
        (found,) = alerts.troubles(connection, "failed", 0, NOW)
        assert (found.event_id, found.source, found.failures) == (1, "shop", (failure,))
        (unread,) = alerts.troubles(connection, "unreadable", 0, NOW)
        assert (unread.event_id, unread.error) == (2, NOT_JSON)
        assert alerts.troubles(connection, "failed", 1, NOW) == []
        assert alerts.troubles(connection, "failed", 0, NOW - 1) == []
