"""A change to many things, counted as it goes on."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.errors import StoreUnavailable
from bridge.reasons.reason import GeneralCode, Reason
from bridge.web.console.bulk import SHOWN, BulkChange, ItemResult, mark_of

GONE = Reason(GeneralCode.VERBATIM, text="the database is gone")


def test_progress_comes_in_about_twenty_steps_for_any_number_of_items() -> None:
    few, many = (
        BulkChange(3, (ItemResult(one) for one in range(3))),
        BulkChange(1000, (ItemResult(one) for one in range(1000))),
    )
    assert list(few.steps()) == [1, 2, 3]
    assert list(many.steps()) == list(range(50, 1001, 50))


def test_done_left_and_added_are_counted_and_the_first_faults_kept() -> None:
    change = BulkChange(200, (ItemResult(one, "moved on" if one % 2 else "", calls=2) for one in range(200)))
    assert list(change.steps())[-1] == 200
    assert (change.done, change.left, change.added) == (100, 100, 400)
    assert change.faults == [ItemResult(one, "moved on", 2) for one in range(1, 2 * SHOWN, 2)]


def test_a_change_stops_when_the_database_is_gone_and_keeps_what_is_done() -> None:
    def items() -> Iterator[ItemResult]:
        yield ItemResult(1)
        raise StoreUnavailable(GONE)

    change = BulkChange(5, items())
    assert list(change.steps()) == [1]
    assert (change.seen, change.stopped) == (1, GONE)


def test_a_mark_identifies_exactly_these_items() -> None:
    assert mark_of([1, 2, 3]) == mark_of([1, 2, 3])
    assert len({mark_of(one) for one in ([], [1], [1, 2], [12], [1, 2, 3])}) == 5
