"""The history of an event as lines of text: arrival, verdicts of rules, calls, repeats, actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bridge.commands.show.language import said
from bridge.commands.show.output import Screen, printable
from bridge.commands.show.request import request_lines
from bridge.language.operators import NEAR_CODES
from bridge.mapping.author.explain import lack, verdict_reason
from bridge.model import Account, Attempt, Match, State, Verdict
from bridge.operations.repeats import content
from bridge.operations.request_preview import outgoing
from bridge.operations.story import Story
from bridge.operations.times import ago
from bridge.operations.words import counted, known_by_body
from bridge.problems.facts import Question
from bridge.problems.listing import answer
from bridge.problems.problem import sentence as sentence_of
from bridge.reasons.reason import Reason
from bridge.store.db.tables import PAUSED
from bridge.store.reports import audit
from bridge.store.reports.call_views import TriedCall
from bridge.store.reports.event_views import StoredEvent
from bridge.text.times import clock

_STATE_COLORS = {State.DONE: "green", State.UNCERTAIN: "yellow", State.REFUSED: "red", State.EXHAUSTED: "red"}
NONE_ASKED: Final[Mapping[int, Question]] = {}
_MARKS = {Match.MATCHED: ("✓", "green"), Match.FAILED: ("✗", "red")}


def story_lines(
    story: Story,
    accounts: Mapping[str, Account],
    screen: Screen,
    more: Iterable[str] = (),
    lacks: Reason | None = None,
    asked: Mapping[int, Question] = NONE_ASKED,
) -> Iterator[str]:
    """The lines of the history.

    `more` are lines about rules without a verdict, `lacks` is why the sender's id is missing, `asked` are
    questions about answers, by call.
    """
    yield from _arrival(story)
    if lacks:
        yield f"  mind      {printable(said(known_by_body(lacks)))}"
    yield ""
    for verdict in story.stored.verdicts:
        yield from _rule(story.stored, verdict, screen)
    yield from more
    if not (story.stored.verdicts or story.stored.omitted) and story.stored.event is not None:
        yield "no rules were asked"
    for one in story.calls:
        yield ""
        yield from _call(one, accounts.get(one.call.start.account), screen)
        if question := asked.get(one.call.id):
            yield f"    {screen.paint('confirm', 'yellow')} {printable(said(sentence_of(answer(question))))}"
    yield from _repeats(story, screen)
    for action in story.actions:
        yield ""
        yield f"{_action(action)}"


def _arrival(story: Story) -> Iterator[str]:
    line, request = story.stored.line, story.stored.request
    yield f"event {line.id} of {printable(line.source)}: {line.result}"
    when = f"{clock(line.received_at)} UTC ({said(ago(line.received_at, story.now))})"
    yield f"  received  {when} from {line.client or 'nobody known'}"
    yield f"  verified  {printable(said(line.verified)) or 'no'}"
    if line.key:
        yield f"  id        {printable(line.key)}"
    if line.type:
        yield f"  type      {printable(line.type)}"
    if line.error:
        label = "because" if line.result in ("unreadable", "ignored") else "note   "
        yield f"  {label}   {printable(said(line.error))}"
    if request is None:
        yield "  the webhook's bytes are purged"
    elif story.stored.event is None:
        yield f"  body      {printable(request.body[:500].decode(errors='replace'))}"


def _rule(stored: StoredEvent, verdict: Verdict, screen: Screen) -> Iterator[str]:
    near = verdict.match is Match.UNMATCHED and verdict.code in NEAR_CODES
    mark, color = ("≈", "yellow") if near else _MARKS.get(verdict.match, ("·", None))
    text = f"{mark} {printable(verdict.rule)}"
    why = said(verdict_reason(verdict, stored.event))
    yield f"{screen.paint(text, color) if color else text}: {'nearly: ' if near else ''}{printable(why)}"
    if verdict.condition:
        yield f"    line {verdict.line}: {printable(verdict.condition)}"
    for failure in stored.failures:
        if failure.rule == verdict.rule:
            yield f"    {screen.paint('missing', 'red')} {printable(said(lack(failure)))}"


def _call(one: TriedCall, account: Account | None, screen: Screen) -> Iterator[str]:
    owed = one.call
    state = screen.paint(owed.state.value, _STATE_COLORS.get(owed.state, "cyan"))
    again = f", again after call {owed.parent}" if owed.parent else ""
    yield f"call {owed.id} by rule {printable(owed.start.rule)}{again}: {state}"
    if owed.reason:
        yield f"    {printable(said(owed.reason))}"
    if one.held_by == PAUSED:
        yield "    waits: its source or its rule is paused"
    elif one.held_by:
        yield f"    waits for call {one.held_by} of the same recipient"
    yield from (f"    {line}" for line in request_lines(outgoing(owed.start, account, owed.id)))
    for number, attempt in one.attempts:
        yield f"    attempt {number}: {printable(_attempt(attempt))}"
        if attempt.answer:
            yield f"      answer: {printable(attempt.answer.strip())}"
    for action in one.actions:
        yield f"    {_action(action)}"


def _repeats(story: Story, screen: Screen) -> Iterator[str]:
    if not story.repeats:
        return
    yield ""
    yield f"repeated {counted(story.stored.line.repeats, 'time')}; a repeat starts nothing"
    for one in story.repeats:
        found = said(content(one))
        difference = screen.paint(found, "yellow") if one.in_doubt else found
        sender = one.client or "nobody known"
        yield f"    repeat {one.id} at {clock(one.received_at)} from {sender}: {difference}"


def _attempt(attempt: Attempt) -> str:
    took = f"{attempt.ended_at - attempt.started_at} ms"
    answered = f", status {attempt.status}" if attempt.status is not None else ""
    return f"{attempt.outcome.value} at {clock(attempt.started_at)}, {took}{answered}: {said(attempt.reason)}"


def _action(action: audit.Action) -> str:
    why = f": {said(action.why)}" if action.why else ""
    return printable(f"{said(action.what)} by {said(action.by)} at {clock(action.at)}{why}")
