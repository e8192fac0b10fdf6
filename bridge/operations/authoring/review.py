"""Checks mapping files with stored events. Nothing is sent or stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.mapping.lint.history import check_history
from bridge.mapping.rules.apply import MappingFile
from bridge.model import Event, Finding
from bridge.store.db.engine import Store
from bridge.store.reports.event_stream import before_newest, past_events
from bridge.store.reports.event_views import EventFilter, event_selection


@dataclass(frozen=True, slots=True)
class Review:
    """The findings, and the number of events checked."""

    findings: tuple[Finding, ...]
    events: int


def review(store: Store, sources: Mapping[str, MappingFile], last: int) -> Review:
    """Check the rules of each source with its `last` events. Findings are sorted by file and position."""
    findings: list[Finding] = []
    many = 0
    for name, mapping in sources.items():
        events = _latest(store, name, last)
        many += len(events)
        findings += check_history(mapping, events)
    return Review(tuple(sorted(findings)), many)


def _latest(store: Store, source: str, last: int) -> list[Event]:
    with store.read() as connection:
        wanted = event_selection(connection, EventFilter(source=source))
        after = before_newest(connection, wanted, last)
        return [past.event for past in past_events(connection, wanted, after, last)]
