"""Calls: by state, account, rule, source, recipient and time; as a file for a spreadsheet, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import request

from bridge.errors import UsageError
from bridge.model import Call
from bridge.operations.redact_stored import shown_calls
from bridge.operations.resolve import Resolution
from bridge.operations.resolve_many import those_in_state
from bridge.operations.times import iso
from bridge.operations.waiting import due_text
from bridge.operations.words import json_text
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports import sources
from bridge.store.reports.call_views import CallFilter, count_by_state, count_calls, page_of_calls
from bridge.store.reports.pagination import Listing, Page
from bridge.text.render import english
from bridge.web.console.pages.call import RESOLUTIONS
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view import filter_choices
from bridge.web.console.view.filters import GROUPS, Wanted, group_of, wanted_calls
from bridge.web.console.view.lists import asked, asked_page, csv_file, throughout
from bridge.web.console.view.rendering import render, said, t, url

COLUMNS: Final = (
    "call", "event", "created", "source", "rule", "account", "recipient", "bot_id", "variables", "state",
    "attempts", "reason", "cause", "due", "zone", "key",
)  # fmt: skip
_NOTHING: Final[Mapping[str, Any]] = {"calls": Listing(()), "count": None, "counts": {}}


@dataclass(frozen=True, slots=True)
class Choices:
    """What the fields of the filter offer."""

    sources: list[tuple[str, str]]
    accounts: list[tuple[str, str]]
    rules: list[tuple[str, str]]
    causes: list[tuple[str, str]]
    since: list[tuple[str, str]]


def register(console: Console) -> None:
    """Its place in the navigation, its live part and its file."""
    console.place("calls", "/calls", calls, icon="send")
    console.page("calls_file", "/calls.csv", file, place="calls")


def calls(console: Console) -> Answer:
    """One page of the calls that fit, newest first."""
    wanted = wanted_calls(console, request.args)
    store = console.side.store
    with store.read() as connection:
        try:
            fitting, problem = wanted.calls(store.now(connection)), ""
        except UsageError as error:
            fitting, problem = None, said(error.whole)
        shown = _shown(console, connection, fitting, wanted) if fitting else dict(_NOTHING)
        offered = _choices(console, connection, wanted)
    return render(
        "calls", **shown, wanted=wanted, problem=problem, choices=offered, before=asked("before"),
        tabs=_tabs(wanted, shown["counts"]), group=group_of(wanted["state"]),
        resolutions=_resolutions(fitting),
    )  # fmt: skip


def file(console: Console) -> Answer:
    """All calls that fit."""
    store = console.side.store
    with store.read() as connection:
        wanted = wanted_calls(console, request.args).calls(store.now(connection))
    sources = console.side.mapping_loader.current.sources

    def part(connection: Transaction, page: Page) -> Listing[Call]:
        found = page_of_calls(connection, wanted, page)
        return replace(found, items=shown_calls(connection, found.items, sources))

    rows = throughout(store, part)
    return csv_file("calls", COLUMNS, map(_row, rows))


def _shown(console: Console, connection: Transaction, fitting: CallFilter, wanted: Wanted) -> dict[str, Any]:
    """The page's rows; how many there are in all, by state where nothing but a state is asked for."""
    found = page_of_calls(connection, fitting, asked_page())
    found = replace(
        found, items=shown_calls(connection, found.items, console.side.mapping_loader.current.sources)
    )
    if wanted.narrow:
        return {"calls": found, "count": count_calls(connection, fitting), "counts": {}}
    by_state = count_by_state(connection)
    counts = {name: sum(by_state[state] for state in states) for name, states in GROUPS.items()}
    return {"calls": found, "count": None, "counts": counts}


def _resolutions(fitting: CallFilter | None) -> list[Resolution]:
    """What can be decided about all of them at once, where a state is asked for that some can be in."""
    if fitting is None or not fitting.states:
        return []
    return [one for one in RESOLUTIONS if those_in_state(fitting, one)]


def _choices(console: Console, connection: Transaction, wanted: Wanted) -> Choices:
    compiled = console.side.mapping_loader.current
    return Choices(
        sources=filter_choices.names(
            {*compiled.sources, *sources.last_received(connection)}, wanted["source"]
        ),
        accounts=filter_choices.names(compiled.accounts, wanted["account"]),
        rules=filter_choices.rules(compiled, wanted),
        causes=filter_choices.causes(connection, wanted),
        since=filter_choices.spans(wanted),
    )


def _tabs(wanted: Wanted, counts: Mapping[str, int]) -> list[tuple[str, str, str, int | None]]:
    groups = [("", t("calls.group.all")), *((name, t(f"calls.group.{name}")) for name in GROUPS)]
    rest = {name: value for name, value in wanted.given.items() if name != "state"}
    return [
        (name, words, url("calls", **rest, **({"state": name} if name else {})), counts.get(name))
        for name, words in groups
    ]


def _row(call: Call) -> tuple[object, ...]:
    start = call.start
    return (
        call.id, call.event_id, iso(call.created_at), call.source, start.rule, start.account,
        start.recipient.key, start.bot_id, json_text(dict(start.variables)), call.state.value, call.attempt,
        english(call.reason), call.cause, due_text(call) or "", start.zone,
        start.errand.key if start.errand else "",
    )  # fmt: skip
