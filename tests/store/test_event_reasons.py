from __future__ import annotations

from bridge.model import Application, Failure, Match, Verdict
from bridge.store.db.engine import Store
from bridge.store.reports.event_reasons import EventReason, reasons_of_events
from bridge.store.reports.event_views import EventFilter, page_of_events
from bridge.store.reports.pagination import Page
from tests.store.given import (
    ABSENT,
    NOT_JSON,
    claim,
    delivery,
    event,
    sale,
    settle,
    settlement,
    start,
    take_in,
)
from tests.support.reasons import because

FAR = Verdict("far", Match.UNMATCHED, "$.a: 1", "absent", None, 4)
NEAR = Verdict("near", Match.UNMATCHED, "$.b: x", "case", "X", 9)
LACK = Failure("sold", 0, "bot_id", "$.x", ABSENT)


def reasons(store: Store) -> dict[int, EventReason]:
    with store.read() as connection:
        return reasons_of_events(connection, page_of_events(connection, EventFilter(), Page()).items)


def test_the_reason_without_a_match_is_the_rule_that_almost_matched(store: Store) -> None:
    take_in(store, delivery((event("a"), Application((), (), (FAR, NEAR)))))
    take_in(store, delivery((event("b"), Application((), (), (FAR,)))))
    take_in(store, delivery((event("c"), Application((), (), ()))))
    assert reasons(store) == {1: EventReason(verdict=NEAR), 2: EventReason(verdict=FAR)}


def test_the_reason_of_a_failed_event_is_the_first_missing_value(store: Store) -> None:
    verdicts = (FAR, Verdict("sold", Match.FAILED))
    take_in(store, delivery((event("a"), Application((), (LACK, LACK), verdicts))))
    assert reasons(store) == {1: EventReason(failure=LACK)}


def test_the_reason_of_a_matched_event_is_its_first_call_that_went_wrong(store: Store) -> None:
    take_in(store, sale("a", *(start(n, item=n) for n in (1, 2, 3))), sale("b", start(4)))
    taken = claim(store)
    ends = ("done", "refused", "uncertain", "done")
    settle(
        store,
        *(settlement(call, end, reason=f"{end} {call.id}") for call, end in zip(taken, ends, strict=True)),
    )
    assert reasons(store) == {1: EventReason(reason=because("refused 2"))}


def test_events_in_progress_have_no_reason(store: Store) -> None:
    take_in(store, sale("a", start(1)), delivery(unreadable=NOT_JSON))
    assert reasons(store) == {}
