"""Repeats: known events that came again; one with other content can be taken as an event of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import abort, g, request

from bridge.errors import BridgeError, StoreUnavailable
from bridge.operations.redact import shown
from bridge.operations.redact_stored import of_event
from bridge.operations.repeats import Taking, plan_taking, take
from bridge.reasons.reason import Reason
from bridge.store.queue.decisions import Decider
from bridge.store.reports import repeat_views, sources
from bridge.store.reports.event_views import StoredEvent, event
from bridge.store.reports.repeat_views import KeptRepeat, page_of_repeats
from bridge.web.console.bulk import reason
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view import filter_choices
from bridge.web.console.view.filters import NUMBER
from bridge.web.console.view.lists import asked, asked_page
from bridge.web.console.view.rendering import done, render, url
from bridge.web.console.view.replay_plan import Line, Plan
from bridge.web.console.view.request_preview import request_of
from bridge.web.console.view.webhook import Webhook, webhook_of


@dataclass(frozen=True, slots=True)
class Seen:
    """One repeat, and what it would be as an event."""

    one: KeptRepeat
    webhook: Webhook
    """As it may be shown; of one without other content nothing."""
    plan: Plan | None
    why_not: Reason | None
    """Why it cannot be an event; None where it can."""

    @property
    def mark(self) -> str:
        """Stands for exactly this plan: a form carries what its visitor was shown."""
        return self.plan.mark if self.plan else ""


def register(console: Console) -> None:
    """A list beside that of the events, each of them, and the taking."""
    console.page("repeats", "/repeats", repeats, place="events")
    console.page("repeat", f"/repeats/{NUMBER}", repeat, place="events")
    console.change("take_repeat", f"/repeats/{NUMBER}", do, place="events")


def repeats(console: Console) -> Answer:
    """Newest first, a page at a time, of one source or of all."""
    source = asked("source")
    with console.side.store.read() as connection:
        found = page_of_repeats(connection, asked_page(), source)
        names = {*sources.last_received(connection), *console.side.mapping_loader.current.sources}
    return render(
        "repeats",
        found=found,
        source=source,
        choices=filter_choices.names(names, source or ""),
        before=asked("before"),
    )


def repeat(console: Console, number: int) -> Answer:
    """What came, and what it would start as an event of its own; changes nothing."""
    return _asking(_seen(console, number))


def do(console: Console, number: int) -> Answer:
    """Take it if that does exactly what was shown; else show what it would do now."""
    seen, why = _seen(console, number), reason()
    if not why or seen.plan is None or seen.mark != request.form.get("mark"):
        return _asking(seen, moved=bool(why), whyless=not why)
    side = console.side
    with side.store.transaction() as connection:
        now, known = side.store.now(connection), side.mapping_loader.current.sources
        taken = take(connection, now, known, number, Decider(g.visitor.who, why))
    side.intake.wake()
    return done(url("event", number=taken.stored), "repeats.done", count=taken.calls)


def _asking(seen: Seen, *, moved: bool = False, whyless: bool = False) -> Answer:
    why = reason() if request.method == "POST" else ""
    return render("repeat", seen=seen, one=seen.one, moved=moved, whyless=whyless, why=why)


def _seen(console: Console, number: int) -> Seen:
    known = console.side.mapping_loader.current.sources
    with console.side.store.read() as connection:
        try:
            one = repeat_views.repeat(connection, number)
        except StoreUnavailable:
            raise
        except BridgeError:
            abort(404)
        stored = event(connection, one.event_id)
        try:
            taking, why_not = plan_taking(connection, known, number), None
        except StoreUnavailable:
            raise
        except BridgeError as error:
            taking, why_not = None, error.reason
    came = _as_it_came(stored, one, taking)
    hidden = of_event(came, known)
    plan = None if taking is None else shown(hidden, _plan(console, taking))
    return Seen(one, webhook_of(shown(hidden, one.request)), plan, shown(hidden, why_not))


def _as_it_came(stored: StoredEvent, one: KeptRepeat, taking: Taking | None) -> StoredEvent:
    """The event as this webhook tells it, to be shown like any other."""
    line = replace(stored.line, verified=one.verified)
    return replace(stored, line=line, request=one.request, event=taking.event if taking else None)


def _plan(console: Console, taking: Taking) -> Plan:
    starts = taking.made.starts
    lines = tuple(Line(start, True, None, request_of(console, start)) for start in starts)
    return Plan(taking.repeat.event_id, lines, taking.made.failures)
