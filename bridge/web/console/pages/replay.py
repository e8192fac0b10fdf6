"""Replay of all events that match a filter: a preview with an exact count, then the replay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from flask import request

from bridge.operations.replay import Replay
from bridge.operations.replay_many import events_that_fit, plan_all, replay_all
from bridge.web.console.bulk import ItemResult, change_all, mark_of, not_reached, reason
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.filters import Wanted, wanted_events
from bridge.web.console.view.rendering import render, said
from bridge.web.console.view.replay_plan import How, asked_how, planned

_SHOWN = 5
_PLANNED = 30
"""Events of which it is found out before what a replay would do."""


def register(console: Console) -> None:
    """What would be sent, and the sending."""
    console.page("replay", "/replay", preview, place="events")
    console.change("do_replay", "/replay", do, place="events")


def preview(console: Console) -> Answer:
    """How many events, and what would come of the first of them; changes nothing."""
    return _asking(console, wanted_events(console, request.args), asked_how(request.args))


def do(console: Console) -> Answer:
    """Replay if these are exactly the events that were shown; else show what they are now."""
    wanted, how, why = wanted_events(console, request.form), asked_how(request.form), reason()
    numbers = _numbers(console, wanted)
    if not why or mark_of(numbers) != request.form.get("mark"):
        return _asking(console, wanted, how, request.form.get("count", ""), whyless=not why)
    side = console.side
    replayer = how.replayer(console, why)

    def replay_some(some: Sequence[int]) -> Iterator[ItemResult]:
        for one in replay_all(side.store, replayer, some, side.intake.wake):
            yield ItemResult(one.event, _fault(console, one), one.calls)

    return render("replay/progress", change=change_all(numbers, replay_some), wanted=wanted)


def _asking(console: Console, wanted: Wanted, how: How, before: str = "", *, whyless: bool = False) -> Answer:
    store = console.side.store
    with store.read() as connection:
        now = store.now(connection)
    fitting = wanted.events(now)
    pinned = wanted.pinned(fitting.since, fitting.until or now)
    numbers = _numbers(console, pinned)
    plans = list(plan_all(store, how.replayer(console, ""), list(islice(numbers, _PLANNED))))
    return render(
        "replay",
        last=request.form.get("last", "0"),
        wanted=wanted,
        pinned=pinned,
        how=how,
        many=len(numbers),
        mark=mark_of(numbers),
        looked=len(plans),
        calls=sum(one.calls for one in plans),
        failed=sum(one.failed for one in plans),
        plans=[planned(console, one) for one in plans[:_SHOWN]],
        stale=console.side.mapping_loader.stale,
        why=reason() if request.method == "POST" else "",
        before="" if whyless else before,
        whyless=whyless,
    )


def _numbers(console: Console, wanted: Wanted) -> list[int]:
    store = console.side.store
    with store.read() as connection:
        now = store.now(connection)
    return not_reached(events_that_fit(store, wanted.events(now)))


def _fault(console: Console, replay: Replay) -> str:
    plan = planned(console, replay) if replay.failed else None
    if plan is None:
        return ""
    return said(plan.impossible) or "; ".join(f"{one.rule}: {said(one.reason)}" for one in plan.failures)
