"""What a replay did, or would do, with one event, in a line for people."""

from __future__ import annotations

from bridge.commands.language import said
from bridge.model import FINAL, Call, State
from bridge.operations.repeats import Taking
from bridge.operations.replay import Applied, AsTheyWere, Impossible, ReadAgain, Replay
from bridge.store.inbox.replays import Planned
from bridge.store.queue.rows import SHADOW


def told(replay: Replay) -> str:
    """The line."""
    match replay:
        case Applied(starts=starts, failures=failures, read_as=read_as):
            parts = [_start(one) for one in starts]
            parts += [f"{one.rule} lacks {one.key}: {said(one.reason)}" for one in failures]
            now = f"read as {read_as.type or 'no type'} {read_as.id}: " if read_as else ""
            return now + ("; ".join(parts) or "no rule matches")
        case ReadAgain(stored=(), starts=starts):
            return f"can be read now, {len(starts)} starts"
        case ReadAgain(stored=stored):
            return f"read again as event {', '.join(str(number) for number in stored)}"
        case AsTheyWere(unsent=()):
            return "no call that was not sent"
        case AsTheyWere(unsent=unsent):
            listed = ", ".join(f"{call.id} ({call.state.value})" for call in unsent)
            return f"as they were, calls {listed}"
        case Impossible(why=why):
            return why


def told_of_taking(taking: Taking) -> str:
    """What a repeat starts as an event of its own."""
    parts = [f"{one.rule} → bot {one.bot_id} for {one.recipient.key}" for one in taking.made.starts]
    parts += [f"{one.rule} lacks {one.key}: {said(one.reason)}" for one in taking.made.failures]
    return "; ".join(parts) or "no rule matches"


def _start(one: Planned) -> str:
    start, earlier = one.start, one.earlier
    who = f"{start.rule} → bot {start.bot_id} for {start.recipient.key}"
    if earlier is None:
        return who
    stands = f"call {earlier.id} is {earlier.state.value}"
    return f"{who}, again: {stands}" if one.owed else f"{start.rule}: {stands}{_way(earlier)}"


def _way(earlier: Call) -> str:
    """What to do where the earlier call stands in the way."""
    if earlier.state is State.UNCERTAIN:
        return f", settle it with: leadbridge resolve {earlier.id}"
    if earlier.state in FINAL and earlier.reason != SHADOW:
        return " (--again repeats it)"
    return ""
