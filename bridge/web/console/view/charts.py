"""Counts over time as columns of an SVG, in units that its view box stretches. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.store.reports.trends import Period

WIDTH: Final = 1000
HEIGHT: Final = 200
_GAP: Final = 0.12
"""Share of a period's width: at each side of its columns, and half of it between them."""
_LEAST: Final = 2.0
"""Units of height: what happened once shows beside a thousand."""
_STEPS: Final = (1, 2, 3, 4, 5, 6, 8, 10)
_LABELS: Final = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle."""

    name: str
    """What it counts."""
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """A period and its bars."""

    period: Period
    x: float
    """Of the whole period: the tip is shown for a pointer anywhere in it."""
    width: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns from the oldest to the newest."""

    columns: tuple[Column, ...]
    top: int
    """What a bar over the whole height would stand for."""

    @property
    def labelled(self) -> tuple[Period, ...]:
        """Periods at equal distances, for the labels below the chart."""
        every = -(-len(self.columns) // _LABELS)
        return tuple(column.period for column in self.columns[::every])


def happenings(periods: Sequence[Period]) -> Chart:
    """In each period, received webhooks on the left; on the right, a stack of results of calls and events."""
    top = scale(max((max(one.received, sum(dict(_ends(one)).values())) for one in periods), default=0))
    width = WIDTH / max(len(periods), 1)
    wide = width * (1 - 2.5 * _GAP) / 2
    columns = []
    for place, one in enumerate(periods):
        left = (place + _GAP) * width
        right = left + wide + _GAP * width / 2
        bars = (*_stack([("received", one.received)], left, wide, top), *_stack(_ends(one), right, wide, top))
        columns.append(Column(one, round(place * width, 2), round(width, 2), bars))
    return Chart(tuple(columns), top)


def queue(periods: Sequence[Period]) -> Chart:
    """How many calls were live at the end of each period."""
    top = scale(max((one.live for one in periods), default=0))
    width = WIDTH / max(len(periods), 1)
    columns = []
    for place, one in enumerate(periods):
        bars = _stack([("live", one.live)], (place + _GAP) * width, width * (1 - 2 * _GAP), top)
        columns.append(Column(one, round(place * width, 2), round(width, 2), tuple(bars)))
    return Chart(tuple(columns), top)


def scale(most: int) -> int:
    """The round end of an axis that has room for so many."""
    size = 1
    while size * 10 < most:
        size *= 10
    return next(size * step for step in _STEPS if size * step >= most)


def _ends(one: Period) -> list[tuple[str, int]]:
    return [("started", one.started), ("uncertain", one.uncertain), ("failed", one.failed)]


def _stack(parts: Iterable[tuple[str, int]], x: float, width: float, top: int) -> Iterator[Bar]:
    y = float(HEIGHT)
    for name, number in parts:
        height = max(number / top * HEIGHT, _LEAST) if number > 0 else 0.0
        y = max(y - height, 0.0)
        if number > 0:
            yield Bar(name, round(x, 2), round(y, 2), round(width, 2), round(height, 2))
