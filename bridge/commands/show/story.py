"""The history of an event as lines of text: arrival, verdicts of rules, calls, repeats, actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bridge.commands.show.language import said
from bridge.commands.show.output import Screen, printable
from bridge.commands.show.request import request_lines
from bridge.commands.show.verdict_lines import condition_line, missing
from bridge.language.operators import NEAR_CODES
from bridge.mapping.author.explain import verdict_reason
from bridge.mapping.author.later import errand_reason
from bridge.model import Account, Attempt, Match, Outcome, State, Verdict
from bridge.operations.repeats import content
from bridge.operations.request_preview import outgoing
from bridge.operations.story import Story
from bridge.operations.times import ago
from bridge.operations.waiting import call_reasons, cancel_reasons, due_reason
from bridge.operations.words import known_by_body
from bridge.problems.facts import Question
from bridge.problems.listing import answer
from bridge.problems.problem import sentence as sentence_of
from bridge.reasons.explain import ExplainCode
from bridge.reasons.reason import Reason
from bridge.reasons.states import state_reason
from bridge.store.db.tables import PAUSED
from bridge.store.reports import audit
from bridge.store.reports.call_views import TriedCall
from bridge.store.reports.event_views import StoredEvent
from bridge.text.times import clock

_STATE_COLORS = {State.DONE: "green", State.UNCERTAIN: "yellow", State.REFUSED: "red", State.EXHAUSTED: "red"}
NONE_ASKED: Final[Mapping[int, Question]] = {}
_RESULTS = {
    "matched": ExplainCode.MATCHED,
    "unmatched": ExplainCode.UNMATCHED,
    "failed": ExplainCode.FAILED,
    "unreadable": ExplainCode.UNREADABLE,
    "ignored": ExplainCode.IGNORED,
}
_OUTCOMES = {
    Outcome.DONE: ExplainCode.OUTCOME_DONE,
    Outcome.REFUSED: ExplainCode.OUTCOME_REFUSED,
    Outcome.RETRY: ExplainCode.OUTCOME_RETRY,
    Outcome.UNCERTAIN: ExplainCode.OUTCOME_UNCERTAIN,
    Outcome.PAUSE: ExplainCode.OUTCOME_PAUSE,
}
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
        yield _field(ExplainCode.WATCH_OUT, said(known_by_body(lacks)))
    yield ""
    for verdict in story.stored.verdicts:
        yield from _rule(story.stored, verdict, screen)
    yield from more
    if not (story.stored.verdicts or story.stored.omitted) and story.stored.event is not None:
        yield said(Reason(ExplainCode.NO_RULES_TRIED))
    for one in story.calls:
        yield ""
        yield from _call(one, accounts.get(one.call.start.account), screen, story.now)
        if question := asked.get(one.call.id):
            confirm = screen.paint(said(Reason(ExplainCode.CONFIRM)), "yellow")
            yield f"    {confirm} {printable(said(sentence_of(answer(question))))}"
    yield from _cancels(story)
    yield from _repeats(story, screen)
    for action in story.actions:
        yield ""
        yield f"{_action(action)}"


def _arrival(story: Story) -> Iterator[str]:
    line, request = story.stored.line, story.stored.request
    result = result_reason(line.result)
    yield printable(said(Reason(ExplainCode.EVENT_OF, number=line.id, source=line.source, result=result)))
    at, since = clock(line.received_at), ago(line.received_at, story.now)
    received = Reason(ExplainCode.RECEIVED_AT, at=at, ago=since, client=_client(line.client))
    yield _field(ExplainCode.RECEIVED, said(received))
    yield _field(ExplainCode.VERIFIED, said(line.verified or Reason(ExplainCode.NOT_VERIFIED)))
    if line.key:
        yield _field(ExplainCode.ID, line.key)
    if line.type:
        yield _field(ExplainCode.TYPE, line.type)
    if line.error:
        unread = line.result in ("unreadable", "ignored")
        yield _field(ExplainCode.BECAUSE if unread else ExplainCode.NOTE, said(line.error))
    if request is None:
        yield f"  {said(Reason(ExplainCode.BYTES_PURGED))}"
    elif story.stored.event is None:
        yield _field(ExplainCode.BODY, request.body[:500].decode(errors="replace"))


def _field(label: ExplainCode, value: str) -> str:
    return f"  {said(Reason(label)):<9} {printable(value)}"


def _client(address: str) -> str | Reason:
    return address or Reason(ExplainCode.UNKNOWN_CLIENT)


def _rule(stored: StoredEvent, verdict: Verdict, screen: Screen) -> Iterator[str]:
    near = verdict.match is Match.UNMATCHED and verdict.code in NEAR_CODES
    mark, color = ("≈", "yellow") if near else _MARKS.get(verdict.match, ("·", None))
    text = f"{mark} {printable(verdict.rule)}"
    why = verdict_reason(verdict, stored.event)
    why = Reason(ExplainCode.NEARLY, why=why) if near else why
    yield f"{screen.paint(text, color) if color else text}: {printable(said(why))}"
    if verdict.condition:
        yield f"    {condition_line(verdict)}"
    for failure in stored.failures:
        if failure.rule == verdict.rule:
            yield f"    {missing(failure, screen)}"


def _call(one: TriedCall, account: Account | None, screen: Screen, now: int) -> Iterator[str]:
    owed = one.call
    state = screen.paint(said(state_reason(owed.state)), _STATE_COLORS.get(owed.state, "cyan"))
    again = Reason(ExplainCode.AGAIN_AFTER, number=owed.parent) if owed.parent else None
    head = Reason(ExplainCode.CALL_OF_RULE, number=owed.id, rule=owed.start.rule, again=again)
    yield f"{printable(said(head))}: {state}"
    if owed.reason:
        yield f"    {printable(said(owed.reason))}"
    about = (due_reason(owed, now), errand_reason(owed.start), *call_reasons(owed, one.cancels))
    yield from (f"    {printable(said(reason))}" for reason in about if reason)
    if one.held_by == PAUSED:
        yield f"    {said(Reason(ExplainCode.WAITS_PAUSED))}"
    elif one.held_by:
        yield f"    {said(Reason(ExplainCode.WAITS_FOR, number=one.held_by))}"
    yield from (f"    {line}" for line in request_lines(outgoing(owed.start, account, owed.id)))
    for number, attempt in one.attempts:
        yield f"    {printable(said(_attempt(number, attempt)))}"
        if attempt.answer:
            given = Reason(ExplainCode.ANSWER, answer=attempt.answer.strip())
            yield f"      {printable(said(given))}"
    for action in one.actions:
        yield f"    {_action(action)}"


def _cancels(story: Story) -> Iterator[str]:
    for one in story.cancels:
        yield ""
        head = Reason(ExplainCode.CANCELS_OF_RULE, rule=one.cancellation.rule, at=clock(one.at))
        yield printable(said(head))
        yield from (f"    {printable(said(reason))}" for reason in cancel_reasons(one))


def _repeats(story: Story, screen: Screen) -> Iterator[str]:
    if not story.repeats:
        return
    yield ""
    yield printable(said(Reason(ExplainCode.REPEATED, count=story.stored.line.repeats)))
    for one in story.repeats:
        found = said(content(one))
        difference = screen.paint(found, "yellow") if one.in_doubt else found
        at, client = clock(one.received_at), _client(one.client)
        head = Reason(ExplainCode.REPEAT, number=one.id, at=at, client=client)
        yield f"    {printable(said(head))}: {difference}"


def _attempt(number: int, attempt: Attempt) -> Reason:
    return Reason(
        ExplainCode.ATTEMPT,
        number=number,
        outcome=Reason(_OUTCOMES[attempt.outcome]),
        at=clock(attempt.started_at),
        took=attempt.ended_at - attempt.started_at,
        status=None if attempt.status is None else Reason(ExplainCode.STATUS, status=attempt.status),
        why=attempt.reason,
    )


def _action(action: audit.Action) -> str:
    what, who, at = action.what, action.by, clock(action.at)
    if action.why:
        return printable(said(Reason(ExplainCode.ACTION_WHY, what=what, who=who, at=at, why=action.why)))
    return printable(said(Reason(ExplainCode.ACTION, what=what, who=who, at=at)))


def result_reason(result: str) -> Reason:
    """An event's result. In English it is the result's own name."""
    return Reason(_RESULTS[result])
