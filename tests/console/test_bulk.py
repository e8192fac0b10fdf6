"""A change to many things, made in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bridge.errors import StoreUnavailable
from bridge.operations.batches import AT_ONCE
from bridge.reasons.reason import GeneralCode, Reason
from bridge.web.console.bulk import SECONDS, SHOWN, BulkChange, ItemResult, mark_of

GONE = Reason(GeneralCode.VERBATIM, text="the database is gone")


def changed(numbers: Sequence[int]) -> Iterator[ItemResult]:
    for one in numbers:
        yield ItemResult(one, "moved on" if one % 2 else "", calls=2)


def test_done_left_and_added_are_counted_and_the_first_faults_kept() -> None:
    change = BulkChange(range(1, 201), changed).make()
    assert (change.done, change.left, change.added, change.rest) == (100, 100, 400, range(0))
    assert change.faults == [ItemResult(one, "moved on", 2) for one in range(1, 2 * SHOWN, 2)]


def test_a_request_ends_between_two_batches_when_its_time_is_over() -> None:
    seconds = iter((0.0, SECONDS / 2, SECONDS))
    change = BulkChange(range(1, 10 * AT_ONCE + 1), changed).make(lambda: next(seconds))
    assert change.last == 2 * AT_ONCE
    assert change.rest == range(2 * AT_ONCE + 1, 10 * AT_ONCE + 1)


def test_a_change_stops_when_the_database_is_gone_and_keeps_what_is_done() -> None:
    def items(numbers: Sequence[int]) -> Iterator[ItemResult]:
        if numbers[0] > AT_ONCE:
            raise StoreUnavailable(GONE)
        return changed(numbers)

    change = BulkChange(range(1, 5 * AT_ONCE), items).make()
    assert (change.last, change.stopped) == (AT_ONCE, GONE)
    assert change.rest == range(AT_ONCE + 1, 5 * AT_ONCE)


def test_a_mark_identifies_exactly_these_items() -> None:
    assert mark_of([1, 2, 3]) == mark_of([1, 2, 3])
    assert len({mark_of(one) for one in ([], [1], [1, 2], [12], [1, 2, 3])}) == 5
