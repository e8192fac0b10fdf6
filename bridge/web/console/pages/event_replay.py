"""Replay of one event: what would be sent, exactly, and then the sending."""

from __future__ import annotations

from flask import request

from bridge.operations.replay import Replay
from bridge.operations.replay_many import replay_all
from bridge.web.console.bulk import reason
from bridge.web.console.pages.event import story_of
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.filters import NUMBER
from bridge.web.console.view.rendering import done, render, url
from bridge.web.console.view.replay_plan import How, Plan, asked_how, planned


def register(console: Console) -> None:
    """What would be sent, and the sending."""
    console.page("event_replay", f"/events/{NUMBER}/replay", preview, place="events")
    console.change("event_do_replay", f"/events/{NUMBER}/replay", do, place="events")


def preview(console: Console, number: int) -> Answer:
    """The plan; changes nothing."""
    return _asking(console, number, asked_how(request.args))


def do(console: Console, number: int) -> Answer:
    """Replay if that does exactly what was shown; else show what it would do now."""
    how, why = asked_how(request.form), reason()
    plan = _plan(console, number, how)
    if not why or plan.mark != request.form.get("mark"):
        return _asking(console, number, how, moved=bool(why), whyless=not why)
    replayer, side = how.replayer(console, why), console.side
    (replay,) = replay_all(side.store, replayer, [number], side.intake.wake)
    return done(url("event", number=number), "replay.done", count=replay.calls)


def _asking(console: Console, number: int, how: How, *, moved: bool = False, whyless: bool = False) -> Answer:
    story = story_of(console, number)
    plan = _plan(console, number, how)
    return render(
        "event/replay",
        line=story.stored.line,
        how=how,
        plan=plan,
        stale=console.side.mapping_loader.stale,
        why=reason() if request.method == "POST" else "",
        moved=moved,
        whyless=whyless,
    )


def _plan(console: Console, number: int, how: How) -> Plan:
    with console.side.store.read() as connection:
        now = console.side.store.now(connection)
        replay: Replay = how.replayer(console, "").plan(connection, now, number)
    return planned(console, replay)
