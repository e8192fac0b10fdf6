"""One call: its attempts, its request, and what a person can decide about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flask import g, request
from werkzeug.exceptions import BadRequest, NotFound

from bridge.assemble.rules import effective_accounts
from bridge.errors import BridgeError, StoreUnavailable
from bridge.mapping.author.later import errand_reason
from bridge.model import FINAL
from bridge.operations.answers import confirm, questions_about
from bridge.operations.redact import shown
from bridge.operations.redact_stored import of_events
from bridge.operations.resolve import FITTING, Resolution, settle
from bridge.operations.story import CallStory, read_call
from bridge.operations.waiting import call_reasons, due_reason
from bridge.problems.listing import answer
from bridge.store.queue import decisions
from bridge.store.queue.decisions import Decider
from bridge.store.reports.call_views import TriedCall
from bridge.web.console.bulk import reason
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.filters import NUMBER
from bridge.web.console.view.problems import shown as shown_problem
from bridge.web.console.view.rendering import done, render, url
from bridge.web.console.view.request_preview import request_of
from bridge.web.console.view.timeline import moments_of_call

RESOLUTIONS: Final[tuple[Resolution, ...]] = ("send_now", "done", "resend", "cancel")
AGAIN: Final = "again"


def register(console: Console) -> None:
    """The page, and where its forms are sent to."""
    console.page("call", f"/calls/{NUMBER}", call, place="calls")
    console.change("call_decide", f"/calls/{NUMBER}/decide", decide, place="calls")
    console.change("answer_confirm", "/calls/answer", confirm_answer, place="overview")


def call(console: Console, number: int) -> Answer:
    """Everything that is known of it."""
    story = _story(console, number)
    owed = story.tried.call
    with console.side.store.read() as connection:
        came = [(owed.event_id, owed.source)]
        sources = console.side.mapping_loader.current.sources
        hidden = of_events(connection, came, sources)[owed.event_id]
        known = effective_accounts(console.side.settings, console.side.mapping_loader)
        question = questions_about(connection, {number}, known, sources).get(number)
    request = shown(hidden, request_of(console, owed.start, owed.id))
    story = shown(hidden, story)
    return render(
        "call",
        story=story,
        call=story.tried.call,
        moments=moments_of_call(story.tried),
        waits=due_reason(story.tried.call, story.now),
        key=errand_reason(story.tried.call.start),
        cancelled=tuple(call_reasons(story.tried.call, story.tried.cancels)),
        links=tuple(_links(story.tried)),
        shown=request,
        choices=tuple(_choices(story)),
        problem=shown_problem(answer(question), link=False) if question else None,
    )


def decide(console: Console, number: int) -> Answer:
    """Do what the pressed button says, with the reason that was given."""
    choice, why = request.form.get("choice", ""), reason()
    if choice not in (*RESOLUTIONS, AGAIN):
        raise BadRequest
    if not why:
        return done(url("call", number=number), "call.why_missing", tone="bad")
    by, store = Decider(g.visitor.who, why), console.side.store
    with store.transaction() as connection:
        now = store.now(connection)
        if choice == AGAIN:
            number = decisions.send_again(connection, now, number, by)
        else:
            settle(connection, now, number, next(one for one in RESOLUTIONS if one == choice), by)
    console.side.intake.wake()
    return done(url("call", number=number), f"call.said.{choice}", number=str(number))


def confirm_answer(console: Console) -> Answer:
    """An answer such as this call's is success."""
    text = request.form.get("call", "")
    number = int(text) if len(text) < 19 and text.isascii() and text.isdecimal() else 0
    try:
        first = confirm(console.side.store, number, Decider(g.visitor.who, reason()))
    except StoreUnavailable:
        raise
    except BridgeError as error:
        raise NotFound from error
    return done(url("overview"), "overview.answer.done" if first else "overview.answer.already")


def _links(tried: TriedCall) -> Iterator[tuple[str, int]]:
    """The pages of the events that cancelled it, and of the calls that it had to give way to."""
    numbers = tried.call.reason.params if tried.call.reason else {}
    found = [(page, numbers[page]) for page in ("event", "call") if page in numbers]
    found += [("event", one.event_id) for one in tried.cancels]
    yield from dict.fromkeys((page, number) for page, number in found if isinstance(number, int))


def _story(console: Console, number: int) -> CallStory:
    try:
        return read_call(console.side.store, number)
    except StoreUnavailable:
        raise
    except BridgeError as error:
        raise NotFound from error


def _choices(story: CallStory) -> Iterator[str]:
    """What its state allows, the likeliest first."""
    state, shadow = story.tried.call.state, story.tried.call.start.shadow
    fitting = [one for one in RESOLUTIONS if state in FITTING[one]]
    yield from (one for one in fitting if not (shadow and one == "send_now"))
    if state in FINAL and not story.again:
        yield AGAIN
