"""Refusals: rejected webhooks, to see whether one should have been accepted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import abort

from bridge.operations.redact_stored import shown_refusals
from bridge.store.inbox.refusals import KEPT, KeptRefusal, page_of_refusals
from bridge.store.reports import sources
from bridge.store.reports.pagination import Page
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view import filter_choices
from bridge.web.console.view.filters import NUMBER
from bridge.web.console.view.lists import asked, asked_page
from bridge.web.console.view.rendering import render, t
from bridge.web.console.view.webhook import webhook_of

_HINTED = ("413", "http", "ip", "stale", "400", "401", "405", "415", "503")
"""Codes and answers that this page has advice for, the more exact first."""


def register(console: Console) -> None:
    """A list beside that of the events, and each of them."""
    console.page("refusals", "/refusals", refusals, place="events")
    console.page("refusal", f"/refusals/{NUMBER}", refusal, place="events")


def refusals(console: Console) -> Answer:
    """Newest first, a page at a time, of one source or of all."""
    source = asked("source")
    with console.side.store.read() as connection:
        found = page_of_refusals(connection, asked_page(), source)
        found = replace(found, items=shown_refusals(found.items, console.side.mapping_loader.current.sources))
        names = {use.source for use in sources.in_use(connection, console.side.store.now(connection))}
    names |= {*console.side.mapping_loader.current.sources}
    return render(
        "refusals",
        found=found,
        source=source,
        choices=filter_choices.names(names, source or ""),
        kept=KEPT,
        before=asked("before"),
    )


def refusal(console: Console, number: int) -> Answer:
    """One webhook as it came, what proves its sender hidden."""
    with console.side.store.read() as connection:
        found = page_of_refusals(connection, Page(before=number + 1, limit=1)).items
    if not found or found[0].id != number:
        abort(404)
    return render("refusal", **_seen(console, found[0]))


def _seen(console: Console, kept: KeptRefusal) -> dict[str, Any]:
    (kept,) = shown_refusals([kept], console.side.mapping_loader.current.sources)
    one = kept.refusal
    known = (name for name in _HINTED if name in (one.code, str(one.status)))
    return {
        "kept": kept,
        "one": one,
        "webhook": webhook_of(one.request),
        "hint": t(f"refusals.next.{next(known, '401')}"),
    }
