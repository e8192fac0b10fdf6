"""One event: what happened to it, what it holds, and what every rule made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import NotFound

from bridge.errors import BridgeError, StoreUnavailable, UsageError
from bridge.language.operators import NEAR_CODES
from bridge.mapping.author.explain import verdict_reason
from bridge.model import Failure, Match, Verdict
from bridge.operations.redact import shown
from bridge.operations.redact_stored import of_event
from bridge.operations.reevaluate import OmittedRules, Reevaluation, omitted_rules, reevaluate
from bridge.operations.repeats import lacks_id
from bridge.operations.story import Story, read_story
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store
from bridge.store.reports.event_views import EventFilter, StoredEvent, page_of_events, scan
from bridge.store.reports.pagination import Page
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.filters import NUMBER
from bridge.web.console.view.lists import asked
from bridge.web.console.view.rendering import render, render_live, said
from bridge.web.console.view.timeline import moments_of_event
from bridge.web.console.view.tree import tree
from bridge.web.console.view.webhook import webhook_of


@dataclass(frozen=True, slots=True)
class Judged:
    """What one rule made of the event, and why."""

    verdict: Verdict
    why: Reason
    nearly: bool
    failures: tuple[Failure, ...]


def register(console: Console) -> None:
    """The page, and its part that changes while calls are under way."""
    console.page("event", f"/events/{NUMBER}", event, place="events")
    console.page("event_now", f"/events/{NUMBER}/now", now, place="events")


def event(console: Console, number: int) -> Answer:
    """The whole page; `rule` in the address asks for all conditions of one rule as it is now."""
    story = read(console.side.store, number)
    sources = console.side.mapping_loader.current.sources
    stored, hidden = story.stored, of_event(story.stored, sources)
    earlier, later = _beside(console.side.store, number)
    reevaluation, problem = _reevaluation(console, stored, asked("rule"))
    story = shown(hidden, story)
    event = story.stored.event
    return render(
        "event",
        **_seen(story),
        earlier=earlier,
        later=later,
        reevaluation=shown(hidden, reevaluation),
        problem=problem,
        judged=judged(story.stored),
        lacks=shown(hidden, lacks_id(stored, sources)),
        omitted=_omitted(shown(hidden, omitted_rules(stored, sources)), story.stored),
        webhook=webhook_of(story.stored.request),
        tree=None if event is None else tree(event.document),
    )


def now(console: Console, number: int) -> Answer:
    """What happened to it so far."""
    return render_live("event/now", **_seen(story_of(console, number)))


def story_of(console: Console, number: int) -> Story:
    """The story of an event as it may be shown; NotFound where there is none."""
    story = read(console.side.store, number)
    return shown(of_event(story.stored, console.side.mapping_loader.current.sources), story)


def read(store: Store, number: int) -> Story:
    """The story of an event, its secrets in it; NotFound where there is none."""
    try:
        return read_story(store, number)
    except StoreUnavailable:
        raise
    except BridgeError as error:
        raise NotFound from error


def judged(stored: StoredEvent) -> tuple[Judged, ...]:
    """Every verdict that is kept of the event."""
    return tuple(_judged(one, stored) for one in stored.verdicts)


def _judged(one: Verdict, stored: StoredEvent) -> Judged:
    nearly = one.match is Match.UNMATCHED and one.code in NEAR_CODES
    failures = tuple(failure for failure in stored.failures if failure.rule == one.rule)
    return Judged(one, verdict_reason(one, stored.event), nearly, failures)


def _seen(story: Story) -> dict[str, Any]:
    return {"story": story, "line": story.stored.line, "moments": moments_of_event(story)}


def _beside(store: Store, number: int) -> tuple[int | None, int | None]:
    """The events that came just before and just after."""
    with store.read() as connection:
        earlier = page_of_events(connection, EventFilter(), Page(number, 1)).items
        later = scan(connection, EventFilter(), after=number, limit=1)
    return (earlier[0].id if earlier else None, later[0].line.id if later else None)


def _omitted(
    rules: OmittedRules | None, stored: StoredEvent
) -> tuple[OmittedRules, tuple[Judged, ...]] | None:
    return None if rules is None else (rules, tuple(_judged(one, stored) for one in rules.near))


def _reevaluation(console: Console, stored: StoredEvent, rule: str | None) -> tuple[Reevaluation | None, str]:
    """The current rule of that name on the event, or why it cannot be evaluated."""
    if rule is None:
        return None, ""
    try:
        return reevaluate(stored, console.side.mapping_loader.current.sources, rule), ""
    except UsageError as error:
        return None, said(error.whole)
