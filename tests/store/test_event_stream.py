"""Reading through stored events: what the rules saw of them, in pages."""

from __future__ import annotations

from bridge.jsonpath.exact_numbers import Number
from bridge.model import Application, Failure
from bridge.store.db.engine import Store
from bridge.store.queue import calls
from bridge.store.queue.rows import NewCall
from bridge.store.reports import event_stream, event_views
from bridge.store.reports.event_views import EventFilter, event_selection
from tests.store import given
from tests.store.given import ABSENT, NOT_JSON, NOW, PING, delivery, event, made, sale, start, take_in


def read(
    store: Store, wanted: EventFilter | None = None, after: int = 0, limit: int = 100
) -> list[event_stream.PastEvent]:
    with store.read() as connection:
        return list(
            event_stream.past_events(
                connection, event_selection(connection, wanted or EventFilter()), after, limit
            )
        )


def test_an_event_is_as_the_rules_saw_it(store: Store) -> None:
    happened = event(document={"sum": Number("1990.00"), "n": 2**53 + 1})
    take_in(store, delivery((happened, made())))
    (found,) = read(store)
    assert (found.number, found.event, found.made) == (1, happened, None)
    assert str(found.event.document["sum"]) == "1990.00"


def test_an_event_is_the_same_as_when_it_is_read_alone(store: Store) -> None:
    take_in(store, delivery((event("1"), made()), (event("2"), made())), sale("3", start()))
    with store.read() as connection:
        alone = [event_views.event(connection, number).event for number in (1, 2, 3)]
    assert [one.event for one in read(store)] == alone


def test_every_event_of_a_batch_has_the_headers_of_their_webhook(store: Store) -> None:
    take_in(store, delivery((event("1"), made()), (event("2"), made())))
    assert [one.event.headers["x-a"] for one in read(store)] == ["1, 2", "1, 2"]


def test_what_has_no_document_is_left_out(store: Store) -> None:
    take_in(store, delivery(unreadable=NOT_JSON), delivery(ignored=PING), sale("1"))
    assert [one.number for one in read(store)] == [3]


def test_pages_go_on_after_an_id(store: Store) -> None:
    take_in(store, *(sale(str(number)) for number in range(5)))
    assert [one.number for one in read(store, limit=2)] == [1, 2]
    assert [one.number for one in read(store, after=2, limit=2)] == [3, 4]
    assert [one.number for one in read(store, after=5)] == []


def test_the_filter_holds(store: Store) -> None:
    take_in(store, sale("1"), sale("2", source="bank"))
    assert [one.number for one in read(store, EventFilter(source="bank"))] == [2]
    assert read(store, EventFilter(until=NOW)) == []


def test_of_many_the_newest_are_chosen(store: Store) -> None:
    take_in(store, *(sale(str(number)) for number in range(5)))
    with store.read() as connection:
        assert event_stream.before_newest(connection, event_selection(connection, EventFilter()), 2) == 3
        assert event_stream.before_newest(connection, event_selection(connection, EventFilter()), 5) == 0
        assert (
            event_stream.before_newest(connection, event_selection(connection, EventFilter(source="bank")), 1)
            == 0
        )


def test_what_was_made_of_it_is_read_where_asked_for(store: Store) -> None:
    lack = Failure("gift", 0, "bot_id", "$.bot", ABSENT)
    starts = (start(1), start(2, item=1, shadow=True))
    take_in(store, delivery((event("1"), Application(starts, (lack,), ()))), sale("2"))
    with store.read() as connection:
        found = event_stream.past_events(
            connection, event_selection(connection, EventFilter()), 0, 10, with_made=True
        )
    assert [one.made for one in found] == [Application(starts, (lack,), ()), Application((), (), ())]


def test_of_a_start_that_was_called_again_the_latest_counts(store: Store) -> None:
    (call,) = given.owe(store, start(1))
    with store.transaction() as connection:
        calls.add(connection, NOW, [NewCall(1, "shop", start(1, bot_id=9), call)])
    with store.read() as connection:
        (found,) = event_stream.past_events(
            connection, event_selection(connection, EventFilter()), 0, 10, with_made=True
        )
    assert found.made == Application((start(1, bot_id=9),), (), ())
