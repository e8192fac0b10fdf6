"""How many calls an account may make now: GCRA over one number that all processes share. Pure.

`tat` is the theoretical arrival time of the next call in unix milliseconds. Each call moves it on by one
interval; calls are let through while it is at most `burst - 1` intervals ahead of now.
"""

from __future__ import annotations

import math
from typing import Final

from bridge.model import Account

RECOVERY: Final = 60_000.0
"""Milliseconds in which a pace that was halved doubles again."""
DEEPEST: Final = 4
"""Halvings at most: a sixteenth of the pace always remains."""
SLACK: Final = 0.001
"""Milliseconds: what a double cannot tell apart at the size of today's times."""


def slots(account: Account, tat: float, slow: float, now: int) -> int:
    """Calls that may start at this moment, from 0 to `burst`; a reduced pace reduces that, too."""
    room = tolerance(account) - max(standing(account, tat, now) - now - SLACK, 0.0)
    return max(math.floor(room / interval(account, slow, now) + 1e-9) + 1, 0)


def taken(account: Account, tat: float, slow: float, now: int, calls: int) -> float:
    """The new `tat` after `calls` calls were let through."""
    if not calls:
        return tat
    return max(standing(account, tat, now), float(now)) + calls * interval(account, slow, now)


def next_slot(account: Account, tat: float, now: int) -> int:
    """When the next call may start: now, or the later unix millisecond."""
    return max(now, math.ceil(standing(account, tat, now) - tolerance(account) - SLACK / 2))


def tolerance(account: Account) -> float:
    """Milliseconds by which a call may come before its time: at the full pace, that is the burst."""
    return (max(account.burst, 1) - 1) * 1000.0 / account.rate


def standing(account: Account, tat: float, now: int) -> float:
    """The `tat` that counts. One further ahead than calls can have moved it is from before the clock was set
    back, and must not hold the calls until that time comes again."""
    furthest = max(account.burst, 1) * 1000.0 / account.rate * 2**DEEPEST
    return tat if tat - now <= furthest + SLACK else float(now)


def interval(account: Account, slow: float, now: int) -> float:
    """Milliseconds between calls at the pace that holds now."""
    return 1000.0 / (account.rate * factor(slow, now))


def factor(slow: float, now: int) -> float:
    """The part of the account's rate that holds now, from 1/16 to 1.

    `slow` is the moment at which the full pace is back; each minute before it halves the pace once. A moment
    further away than that can be is from before the clock was set back.
    """
    halvings = max(slow - now, 0.0) / RECOVERY
    return math.exp2(-halvings) if halvings <= DEEPEST else 1.0


def halved(slow: float, now: int) -> float:
    """The new `slow` after LeadConverter said that the pace is too high."""
    return min(max(slow, float(now)) + RECOVERY, now + DEEPEST * RECOVERY)
