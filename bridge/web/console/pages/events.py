"""Events: what came in, newest first; found by what is known of it, and as a file for a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import request

from bridge.errors import UsageError
from bridge.mapping.author.explain import verdict_reason
from bridge.model import Json
from bridge.operations.redact import shown
from bridge.operations.redact_stored import of_events, shown_lines
from bridge.operations.times import iso
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports import search, sources
from bridge.store.reports.event_reasons import EventReason, reasons_of_events
from bridge.store.reports.event_views import EventFilter, EventLine, page_of_events
from bridge.store.reports.pagination import Listing, Page
from bridge.store.reports.search import ExactMatches
from bridge.text.render import english
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view import filter_choices
from bridge.web.console.view.filters import Wanted, wanted_events
from bridge.web.console.view.lists import asked, asked_page, csv_file, throughout
from bridge.web.console.view.rendering import render, render_live, said, t

COLUMNS: Final = (
    "event", "received", "source", "type", "senders_id", "result", "error", "verified", "client", "calls",
)  # fmt: skip
RESULTS: Final = ("matched", "unmatched", "failed", "unreadable", "ignored")


@dataclass(frozen=True, slots=True)
class Row:
    """An event, and in a line why nothing started, where that is so."""

    line: EventLine
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list, and what the searched text is the number or key of."""

    events: Listing[Row]
    named: ExactMatches
    deep: bool
    """Whether payloads are searched though the text is some event's own id."""


NOTHING: Final = Found(Listing(()), ExactMatches(), deep=False)


def register(console: Console) -> None:
    """Its place in the navigation, its live part and its file."""
    console.place("events", "/events", events, icon="inbox")
    console.page("events_now", "/events/now", now, place="events")
    console.page("events_file", "/events.csv", file, place="events")


def events(console: Console) -> Answer:
    """One page of the events that fit."""
    wanted = wanted_events(console, request.args)
    with console.side.store.read() as connection:
        found, problem = _tried(console, connection, wanted)
        known = [*sources.last_received(connection)]
    return render(
        "events",
        found=found,
        wanted=wanted,
        problem=problem,
        choices=_choices(console, wanted, known),
        before=asked("before"),
        live=not (problem or asked("before") or wanted["search"]),
    )


def now(console: Console) -> Answer:
    """The newest of them, while one looks."""
    wanted = wanted_events(console, request.args)
    with console.side.store.read() as connection:
        found, _ = _tried(console, connection, wanted)
    return render_live("events/list", found=found, wanted=wanted, before=None)


def file(console: Console) -> Answer:
    """All events that fit."""
    store = console.side.store
    with store.read() as connection:
        wanted = wanted_events(console, request.args).events(store.now(connection))
    sources = console.side.mapping_loader.current.sources

    def part(connection: Transaction, page: Page) -> Listing[EventLine]:
        found = page_of_events(connection, wanted, page)
        return replace(found, items=shown_lines(connection, found.items, sources))

    rows = throughout(store, part)
    return csv_file("events", COLUMNS, map(_cells, rows))


def _tried(console: Console, connection: Transaction, wanted: Wanted) -> tuple[Found, str]:
    """What fits, and what of the filter cannot be read."""
    try:
        fitting = wanted.events(console.side.store.now(connection))
    except UsageError as error:
        return NOTHING, said(error.whole)
    return _found(console, connection, fitting), ""


def _found(console: Console, connection: Transaction, fitting: EventFilter) -> Found:
    named = search.exact_matches(connection, fitting.search) if fitting.search else ExactMatches()
    deep = bool(named.keyed) and asked("in") == "payloads"
    look = search.in_payloads if deep else page_of_events
    listing = look(connection, fitting, asked_page())
    reasons = reasons_of_events(connection, listing.items)
    came = ((line.id, line.source) for line in listing.items)
    hidden = of_events(connection, came, console.side.mapping_loader.current.sources)
    rows = tuple(_row(shown(hidden[line.id], (line, reasons.get(line.id)))) for line in listing.items)
    return Found(Listing(rows, listing.more, listing.reached_at), named, deep)


def _row(found: tuple[EventLine, EventReason | None]) -> Row:
    line, why = found
    return Row(line, _why(line, why))


def _why(line: EventLine, why: EventReason | None) -> str:
    if why is None or (line.error and line.result in ("unreadable", "ignored")):
        return said(line.error)
    if why.failure:
        one = why.failure
        return t("events.why.failure", rule=one.rule, key=one.key, message=said(one.reason))
    if why.verdict:
        return t("events.why.verdict", rule=why.verdict.rule, sentence=said(verdict_reason(why.verdict)))
    return said(why.reason)


def _choices(console: Console, wanted: Wanted, heard: list[str]) -> Mapping[str, Any]:
    """What the fields of the filter offer."""
    compiled = console.side.mapping_loader.current
    return {
        "sources": filter_choices.names({*compiled.sources, *heard}, wanted["source"]),
        "rules": filter_choices.rules(compiled, wanted),
        "results": [("", t("common.any")), *((one, t(f"states.event.{one}")) for one in RESULTS)],
        "since": filter_choices.spans(wanted),
    }


def _cells(line: EventLine) -> tuple[Json, ...]:
    calls = " ".join(f"{number}:{state}" for number, state in line.calls)
    return (
        line.id, iso(line.received_at), line.source, line.type, line.key, line.result, english(line.error),
        english(line.verified), line.client, calls,
    )  # fmt: skip
