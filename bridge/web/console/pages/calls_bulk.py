"""One decision about all calls that match a filter: a preview with an exact count, then the decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask import g, request
from werkzeug.exceptions import BadRequest

from bridge.operations.redact_stored import shown_calls
from bridge.operations.resolve import Resolution
from bridge.operations.resolve_many import calls_that_fit, decide_all, those_in_state
from bridge.store.queue.decisions import Decider
from bridge.store.reports.call_views import page_of_calls
from bridge.store.reports.pagination import Page
from bridge.web.console.bulk import ItemResult, change_all, mark_of, not_reached, reason
from bridge.web.console.pages.call import RESOLUTIONS
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.filters import Wanted, wanted_calls
from bridge.web.console.view.rendering import go, render, said, url

_SAMPLE = 5


def register(console: Console) -> None:
    """The preview, and the decision."""
    console.page("calls_bulk", "/calls/decide", preview, place="calls")
    console.change("calls_decide", "/calls/decide", decide, place="calls")


def preview(console: Console) -> Answer:
    """How many calls, and what is to be said about them all."""
    wanted, choice = wanted_calls(console, request.args), request.args.get("choice", "")
    return _asking(console, wanted, _resolution(choice)) if choice else go(url("calls", **wanted.given))


def decide(console: Console) -> Answer:
    """Decide if these are exactly the calls that were shown; else show what they are now."""
    wanted, resolution, why = (
        wanted_calls(console, request.form),
        _resolution(request.form.get("choice", "")),
        reason(),
    )
    numbers = _numbers(console, wanted, resolution)
    if not why or mark_of(numbers) != request.form.get("mark"):
        return _asking(console, wanted, resolution, request.form.get("count", ""), whyless=not why)
    by = Decider(g.visitor.who, why)

    def decide_some(some: Sequence[int]) -> Iterator[ItemResult]:
        for one in decide_all(console.side.store, some, resolution, by, console.side.intake.wake):
            yield ItemResult(one.call, said(one.refused))

    return render("calls/progress", change=change_all(numbers, decide_some), choice=resolution)


def _asking(
    console: Console, wanted: Wanted, resolution: Resolution, before: str = "", *, whyless: bool = False
) -> Answer:
    store = console.side.store
    with store.read() as connection:
        now = store.now(connection)
        fitting = wanted.calls(now)
        pinned = wanted.pinned(fitting.since, fitting.until or now)
        narrowed = those_in_state(pinned.calls(now), resolution)
        sample = page_of_calls(connection, narrowed, Page(limit=_SAMPLE)).items if narrowed else ()
        sample = shown_calls(connection, sample, console.side.mapping_loader.current.sources)
    numbers = _numbers(console, pinned, resolution)
    return render(
        "calls/bulk",
        last=request.form.get("last", "0"),
        choice=resolution,
        wanted=wanted,
        pinned=pinned,
        many=len(numbers),
        mark=mark_of(numbers),
        sample=sample,
        why=reason() if request.method == "POST" else "",
        before="" if whyless else before,
        whyless=whyless,
    )


def _numbers(console: Console, wanted: Wanted, resolution: Resolution) -> list[int]:
    store = console.side.store
    with store.read() as connection:
        fitting = wanted.calls(store.now(connection))
    return not_reached(calls_that_fit(store, fitting, resolution))


def _resolution(text: str) -> Resolution:
    for one in RESOLUTIONS:
        if text == one:
            return one
    raise BadRequest
