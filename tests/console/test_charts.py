from __future__ import annotations

import pytest

from bridge.store.reports.trends import Period
from bridge.web.console.view.charts import HEIGHT, WIDTH, Chart, happenings, queue, scale


def heights(chart: Chart) -> list[dict[str, float]]:
    return [{bar.name: bar.height for bar in column.bars} for column in chart.columns]


@pytest.mark.parametrize(
    ("most", "end"),
    [
        (0, 1),
        (1, 1),
        (2, 2),
        (7, 8),
        (9, 10),
        (10, 10),
        (11, 20),
        (23, 30),
        (100, 100),
        (101, 200),
        (8001, 10_000),
    ],
)
def test_an_axis_ends_at_a_round_number_that_has_room(most: int, end: int) -> None:
    assert scale(most) == end


def test_what_came_stands_beside_a_stack_of_what_became_of_it() -> None:
    chart = happenings([Period(0, received=10, started=4, uncertain=1, failed=5), Period(1)])
    assert (chart.top, heights(chart)) == (
        10,
        [{"received": 200.0, "started": 80.0, "uncertain": 20.0, "failed": 100.0}, {}],
    )
    received, started, uncertain, failed = chart.columns[0].bars
    assert received.x + received.width < started.x == uncertain.x == failed.x
    assert (started.y, uncertain.y, failed.y) == (120.0, 100.0, 0.0)


def test_what_happened_once_shows_beside_thousands() -> None:
    assert heights(happenings([Period(0, received=5000, failed=1)]))[0]["failed"] == 2.0


def test_every_bar_stays_within_the_picture() -> None:
    periods = [Period(n, n, n * 2, n // 3, n % 5, n) for n in range(28)]
    for chart in (happenings(periods), queue(periods)):
        for column in chart.columns:
            for bar in column.bars:
                assert 0 <= bar.x < bar.x + bar.width <= WIDTH
                assert 0 <= bar.y < bar.y + bar.height <= HEIGHT + 0.01


def test_a_queue_that_is_empty_draws_nothing_and_times_are_named_at_equal_distances() -> None:
    chart = queue([Period(n) for n in range(12)])
    assert heights(chart) == [{}] * 12
    assert [one.at for one in chart.labelled] == [0, 2, 4, 6, 8, 10]
    assert [one.at for one in queue([Period(n) for n in range(28)]).labelled] == [0, 5, 10, 15, 20, 25]
