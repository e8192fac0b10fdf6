"""When to leave LeadConverter alone: a circuit breaker shared by all processes. Pure.

It opens on calls that may have run or found no connection, since each of those may cost a person's time.
Other answers, even of failure, show that LeadConverter is there. Once open, a probe that can start no bot
asks whether it is back; only then are calls risked, a few at a time. Those are calls of other bots than the
ones that failed: a single bot that LeadConverter cannot start does not keep the others waiting.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from bridge.model import Attempt, Outcome
from bridge.reasons.reason import Reason

CONSECUTIVE: Final = 5
WINDOW: Final = 20
SHORTEST: Final = 5_000
LONGEST: Final = 60_000
TRIALS: Final = (1, 2, 4)
"""Calls let through after a probe went well, each round only when the one before went well."""
PROBE_TIME: Final = 30_000
"""Milliseconds after which another process may probe: longer than a probe may take."""
BOTS: Final = 10
"""Bots that a trial avoids at most."""
ROUND_TIME: Final = 90_000
"""Milliseconds after which a round whose calls never ended is begun again: longer than a lease."""


class Gate(StrEnum):
    """What the breaker lets through."""

    CLOSED = "closed"
    """Everything: all is well."""
    OPEN = "open"
    TRIAL = "trial"
    """A few calls at a time, to see whether it is over."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """Of one account. Times are unix milliseconds."""

    gate: Gate = Gate.CLOSED
    recent: str = ""
    """The last attempts, oldest first: `x` failed, `.` reached LeadConverter."""
    until: int = 0
    """Open: when to probe. Trial: when the round began."""
    wait: int = 0
    """Milliseconds for which it was opened last."""
    round: int = 0
    left: int = 0
    """Calls of this round that may still be claimed."""
    passed: int = 0
    """Calls of this round that reached LeadConverter."""
    since: int = 0
    """When it opened first, since when it was never closed; 0 while it is."""
    probe: Reason | None = None
    """What the last probe found."""
    bots: tuple[int, ...] = ()
    """Bots of the call that opened it and of the trial calls that failed since, the latest last."""


def fails(attempt: Attempt) -> bool:
    """The attempt may have run unseen, or found no connection.

    A 5xx that the account retries counts, too: each may be a second message.
    """
    return bool(attempt.cause) or (attempt.outcome is Outcome.RETRY and attempt.status is None)


def after(breaker: Breaker, bot: int, attempt: Attempt, now: int) -> Breaker:
    """The breaker once an attempt to start `bot` has ended.

    An attempt that began before the gate last moved changes nothing.
    """
    if attempt.outcome is Outcome.PAUSE:
        return breaker
    failed = fails(attempt)
    if breaker.gate is Gate.CLOSED:
        changed = watched(breaker, failed, now)
    elif breaker.gate is Gate.OPEN or attempt.started_at < breaker.until:
        return breaker
    else:
        changed = opened(breaker, now) if failed else advanced(breaker, now)
    return blamed(changed, bot) if failed and changed.gate is Gate.OPEN else changed


def blamed(breaker: Breaker, bot: int) -> Breaker:
    """A call of this bot opened it."""
    others = tuple(one for one in breaker.bots if one != bot)
    return replace(breaker, bots=(*others, bot)[-BOTS:])


def watched(breaker: Breaker, failed: bool, now: int) -> Breaker:
    """Closed: opens on five failures in a row, or on more than half of twenty."""
    if not failed and "x" not in breaker.recent:
        return breaker if breaker.recent == "." * WINDOW else replace(breaker, recent=grown(breaker, "."))
    recent = grown(breaker, "x" if failed else ".")
    if recent.endswith("x" * CONSECUTIVE) or (len(recent) == WINDOW and recent.count("x") * 2 > WINDOW):
        return opened(breaker, now)
    return replace(breaker, recent=recent)


def grown(breaker: Breaker, mark: str) -> str:
    return (breaker.recent + mark)[-WINDOW:]


def opened(breaker: Breaker, now: int) -> Breaker:
    """Shut for five seconds, and twice as long each time it does not help."""
    wait = SHORTEST if breaker.gate is Gate.CLOSED else min(breaker.wait * 2, LONGEST)
    since = breaker.since or now
    return Breaker(
        Gate.OPEN, until=now + wait, wait=wait, since=since, probe=breaker.probe, bots=breaker.bots
    )


def advanced(breaker: Breaker, now: int) -> Breaker:
    """One trial call reached LeadConverter: the next round begins when all of this one did."""
    if breaker.passed + 1 < TRIALS[breaker.round]:
        return replace(breaker, passed=breaker.passed + 1)
    if breaker.round + 1 == len(TRIALS):
        return Breaker()
    return in_round(breaker, breaker.round + 1, now)


def in_round(breaker: Breaker, number: int, now: int) -> Breaker:
    return replace(breaker, gate=Gate.TRIAL, until=now, round=number, left=TRIALS[number], passed=0)


def wants_probe(breaker: Breaker, now: int) -> bool:
    """It is open, and it is time to see whether LeadConverter can be reached."""
    return breaker.gate is Gate.OPEN and now >= probe_at(breaker, now)


def probe_at(breaker: Breaker, now: int) -> int:
    """When an open one wants its probe: at once where only a clock that was set back makes it wait longer."""
    return breaker.until if breaker.until - now <= LONGEST else now


def is_stale(breaker: Breaker, now: int) -> bool:
    """The round's calls never ended, or it began by a clock that was set back since."""
    return not -LONGEST <= now - breaker.until <= ROUND_TIME


def probing(breaker: Breaker, now: int) -> Breaker:
    """This process probes; the others wait for what it finds, or for its death."""
    return replace(breaker, until=now + PROBE_TIME)


def probed(breaker: Breaker, passed: bool, found: Reason, now: int) -> Breaker:
    """After a probe: the first trial call, or shut for longer. `found` is what the probe showed."""
    if breaker.gate is not Gate.OPEN:
        return breaker
    breaker = replace(breaker, probe=found)
    return in_round(breaker, 0, now) if passed else opened(breaker, now)


def allowance(breaker: Breaker, now: int, wanted: int) -> int:
    """How many of the wanted calls may be claimed now."""
    if breaker.gate is Gate.CLOSED:
        return wanted
    if breaker.gate is Gate.OPEN:
        return 0
    left = TRIALS[breaker.round] if is_stale(breaker, now) else breaker.left
    return min(left, wanted)


def claimed(breaker: Breaker, calls: int, now: int) -> Breaker:
    """Calls were claimed under the allowance."""
    if breaker.gate is not Gate.TRIAL or not calls:
        return breaker
    if is_stale(breaker, now):
        breaker = in_round(breaker, breaker.round, now)
    return replace(breaker, left=breaker.left - calls)
