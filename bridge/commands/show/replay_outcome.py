"""The outcome of a replay for one event, as a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.mapping.author.later import cancel_reason, start_reasons
from bridge.model import FINAL, BotStart, Call, Failure, State
from bridge.operations.repeats import Taking
from bridge.operations.replay import Applied, OriginalCalls, ReadAs, Replay, Reread, Unreplayable
from bridge.reasons.calls import CallCode
from bridge.reasons.commands import CommandCode
from bridge.reasons.reason import Reason
from bridge.reasons.states import state_reason
from bridge.store.inbox.replays import Planned


def outcome(replay: Replay) -> Reason:
    """What the replay did with the event, or would do."""
    match replay:
        case Applied(starts=starts, failures=failures, read_as=read_as, cancels=cancels, at=at):
            ends = [cancel_reason(replace(one, lasts=0)) for one in cancels]
            made = _made([*(_start(one, at) for one in starts), *ends], failures)
            return _read_as(read_as, made) if read_as else made
        case Reread(stored=(), starts=starts):
            return Reason(CommandCode.CAN_BE_READ, count=len(starts))
        case Reread(stored=stored):
            return Reason(CommandCode.READ_AGAIN, events=stored)
        case OriginalCalls(unsent=()):
            return Reason(CommandCode.NOTHING_UNSENT)
        case OriginalCalls(unsent=unsent):
            return Reason(CommandCode.AS_THEY_WERE, calls=tuple(map(_in_state, unsent)))
        case Unreplayable(why=why):
            return why


def outcome_of_taking(taking: Taking) -> Reason:
    """What a repeat starts as a new event."""
    made, at = taking.made, taking.event.received_at
    ends = map(cancel_reason, made.cancels)
    return _made([*(_starts_bot(one, at) for one in made.starts), *ends], made.failures)


def _made(starts: Sequence[Reason], failures: Sequence[Failure]) -> Reason:
    lacks = [Reason(CommandCode.LACKS_VALUE, rule=one.rule, key=one.key, why=one.reason) for one in failures]
    if not (starts or lacks):
        return Reason(CommandCode.NO_RULE_MATCHES)
    return Reason(CommandCode.REPLAY_PARTS, parts=(*starts, *lacks))


def _read_as(now: ReadAs, made: Reason) -> Reason:
    if not now.type:
        return Reason(CommandCode.READ_WITHOUT_TYPE, id=now.id, what=made)
    return Reason(CommandCode.READ_AS, type=now.type, id=now.id, what=made)


def _start(one: Planned, now: int) -> Reason:
    start, earlier = one.start, one.earlier
    if one.cancelled_by:
        return Reason(CommandCode.CANCELLED_UNTIL_LATER, rule=start.rule, event=one.cancelled_by)
    if one.kept_by:
        code = CommandCode.NEWER_WAITS if one.newer else CommandCode.WAITS_UNDER_KEY
        return Reason(code, rule=start.rule, number=one.kept_by)
    if earlier is None:
        return _starts_bot(start, now)
    state = state_reason(earlier.state.value)
    if not one.owed:
        return Reason(
            CommandCode.HAS_CALL, rule=start.rule, number=earlier.id, state=state, way=_way(earlier)
        )
    return Reason(
        CommandCode.STARTS_AGAIN,
        rule=start.rule,
        bot=start.bot_id,
        recipient=start.recipient.key,
        number=earlier.id,
        state=state,
        when=_when(start, now),
    )


def _starts_bot(start: BotStart, now: int) -> Reason:
    return Reason(
        CommandCode.STARTS_BOT,
        rule=start.rule,
        bot=start.bot_id,
        recipient=start.recipient.key,
        when=_when(start, now),
    )


def _when(start: BotStart, now: int) -> Reason | None:
    """When it is due, and its key; None for a start at once without a key."""
    parts = tuple(start_reasons(start, now))
    return Reason(CommandCode.WHEN_OF_START, parts=parts) if parts else None


def _in_state(call: Call) -> Reason:
    return Reason(CommandCode.CALL_IN_STATE, number=call.id, state=state_reason(call.state.value))


def _way(earlier: Call) -> Reason | None:
    """How to get a new call although there is an earlier one."""
    if earlier.state is State.UNCERTAIN:
        return Reason(CommandCode.SETTLE_WITH, number=earlier.id)
    if earlier.reason and earlier.reason.code is CallCode.CANCELLED_BEFORE:
        return Reason(CommandCode.PAST_CANCEL_STARTS)
    if earlier.state in FINAL and not earlier.start.shadow:
        return Reason(CommandCode.AGAIN_REPEATS)
    return None
