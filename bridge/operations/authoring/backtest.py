"""Applies edited rules to stored events, and compares with the current rules or the real calls.

Nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from bridge.mapping.author.backtest import Backtest, PastEvent, backtest
from bridge.mapping.rules.apply import MappingFile, apply_silently
from bridge.model import Application, Event
from bridge.store.db.engine import Store
from bridge.store.reports.event_stream import before_newest, past_events
from bridge.store.reports.event_views import EventFilter, event_selection

Mappings: TypeAlias = Mapping[str, MappingFile]
"""By source."""

_AT_ONCE = 100
"""Events of one page. A transaction reads one page only, so that others are not blocked."""
_NOTHING = Application((), (), ())


@dataclass(frozen=True, slots=True)
class Sides:
    """The two sides of the comparison."""

    edited: Mappings
    current: Mappings | None
    """None: compare with the real calls."""

    @property
    def same(self) -> bool:
        """Whether the edited files are the same as those in use."""
        current = self.current
        return current is not None and all(
            name in current and current[name].version == one.version for name, one in self.edited.items()
        )


def run(store: Store, wanted: EventFilter, limit: int, sides: Sides) -> Backtest:
    """Compare the edited rules on the newest events of their sources, at most `limit`."""
    if len(sides.edited) == 1:
        wanted = replace(wanted, source=next(iter(sides.edited)))
    return backtest(_past(store, wanted, limit, sides), sides.edited)


def _past(store: Store, wanted: EventFilter, limit: int, sides: Sides) -> Iterator[PastEvent]:
    """The newest events of the edited sources, oldest first."""
    with store.read() as connection:
        fitting = event_selection(connection, wanted)
        after = before_newest(connection, fitting, limit)
    while True:
        with store.read() as connection:
            page = past_events(connection, fitting, after, _AT_ONCE, with_made=sides.current is None)
        if not page:
            return
        for one in page:
            if one.event.source in sides.edited:
                before = one.made or _by_rules(sides.current or {}, one.event)
                yield PastEvent(one.number, one.event, before, by_calls=sides.current is None)
        after = page[-1].number


def _by_rules(current: Mappings, event: Event) -> Application:
    mapping = current.get(event.source)
    return _NOTHING if mapping is None else apply_silently(mapping, mapping.source.reread(event))
