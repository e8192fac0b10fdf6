"""One recipient: every call, the events behind them and what people decided, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bridge.model import Call
from bridge.operations.redact_stored import shown_calls, shown_lines
from bridge.store.reports.audit import Action
from bridge.store.reports.event_views import EventLine
from bridge.store.reports.recipient_history import History, history
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.lists import asked, asked_page
from bridge.web.console.view.rendering import render


@dataclass(frozen=True, slots=True)
class Chapter:
    """One event with the calls of this page that came of it, and what people decided about either."""

    event: EventLine
    calls: tuple[Call, ...]
    actions: tuple[Action, ...]


def register(console: Console) -> None:
    """Messengers' keys have a slash in them."""
    console.page("recipient", "/recipients/<path:key>", recipient, place="calls")


def recipient(console: Console, key: str) -> Answer:
    """One page of what happened to them."""
    with console.side.store.read() as connection:
        found = history(connection, key, asked_page())
        sources = console.side.mapping_loader.current.sources
        calls = replace(found.calls, items=shown_calls(connection, found.calls.items, sources))
        found = replace(found, calls=calls, events=shown_lines(connection, found.events, sources))
    name = found.calls.items[0].start.recipient.key if found.calls.items else key
    return render("recipient", key=name, history=found, chapters=chapters(found), before=asked("before"))


def chapters(found: History) -> tuple[Chapter, ...]:
    """By event, newest first."""
    events: Mapping[int, EventLine] = {one.id: one for one in found.events}
    return tuple(_chapter(events[number], found) for number in sorted(events, reverse=True))


def _chapter(event: EventLine, found: History) -> Chapter:
    calls = tuple(one for one in found.calls.items if one.event_id == event.id)
    targets = {("event", str(event.id)), *(("call", str(one.id)) for one in calls)}
    actions = tuple(one for one in reversed(found.actions) if (one.kind, one.target) in targets)
    return Chapter(event, calls, actions)
