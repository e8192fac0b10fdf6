"""A change to many things, counted as it goes on."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.errors import StoreUnavailable
from bridge.reasons.reason import GeneralCode, Reason
from bridge.web.console.bulk import SHOWN, BulkChange, Told, mark_of

GONE = Reason(GeneralCode.VERBATIM, text="the database is gone")


def test_progress_is_told_in_some_twenty_steps_however_many_things_there_are() -> None:
    few, many = (
        BulkChange(3, (Told(one) for one in range(3))),
        BulkChange(1000, (Told(one) for one in range(1000))),
    )
    assert list(few.steps()) == [1, 2, 3]
    assert list(many.steps()) == list(range(50, 1001, 50))


def test_what_was_done_left_and_added_is_counted_and_the_first_faults_are_kept() -> None:
    doing = BulkChange(200, (Told(one, "moved on" if one % 2 else "", calls=2) for one in range(200)))
    assert list(doing.steps())[-1] == 200
    assert (doing.done, doing.left, doing.added) == (100, 100, 400)
    assert doing.faults == [Told(one, "moved on", 2) for one in range(1, 2 * SHOWN, 2)]


def test_a_database_that_goes_away_ends_it_with_what_is_done() -> None:
    def things() -> Iterator[Told]:
        yield Told(1)
        raise StoreUnavailable(GONE)

    doing = BulkChange(5, things())
    assert list(doing.steps()) == [1]
    assert (doing.seen, doing.stopped) == (1, GONE)


def test_a_mark_stands_for_exactly_these_things() -> None:
    assert mark_of([1, 2, 3]) == mark_of([1, 2, 3])
    assert len({mark_of(one) for one in ([], [1], [1, 2], [12], [1, 2, 3])}) == 5
