"""What the processes share about an account besides its pace: breaker and streaks, as one text. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import NamedTuple

from bridge.dispatch.policy import account_errors
from bridge.dispatch.policy import breaker as breakers
from bridge.dispatch.policy.account_errors import Streaks
from bridge.dispatch.policy.breaker import Breaker, Gate
from bridge.model import Attempt, Call, Json
from bridge.reasons import stored
from bridge.reasons.reason import Reason


@dataclass(frozen=True, slots=True)
class Health:
    """Of one account. Written only when it changes, which a healthy account's does not."""

    breaker: Breaker = field(default_factory=Breaker)
    streaks: Streaks = field(default_factory=Streaks)
    slowed_at: int = 0
    """When the pace was halved last: calls that began before must not halve it again."""
    reissue: tuple[int, ...] = ()
    """Calls refused by what may have been a wrong token: to be issued again when a person resumes."""


class Finding(NamedTuple):
    """What an attempt means for its whole account."""

    health: Health
    pause: Reason | None = None
    """Why the account must pause; None when it need not."""
    slow_down: bool = False
    """The pace is to be halved."""


def after(health: Health, call: Call, attempt: Attempt, now: int) -> Finding:
    """The account's health once an attempt has ended."""
    streaks = account_errors.after(health.streaks, call.id, call.start.recipient.key, attempt)
    slow_down = attempt.slow_down and attempt.started_at >= health.slowed_at
    pause = attempt.reason if attempt.pause_account else streaks.pause
    reissue = health.reissue
    if streaks.pause:
        reissue = tuple(sorted({*reissue, *(call_id for call_id, _ in streaks.denied)}))
        streaks = Streaks()
    breaker = breakers.after(health.breaker, call.start.bot_id, attempt, now)
    if not slow_down and (breaker, streaks, reissue) == (health.breaker, health.streaks, health.reissue):
        return Finding(health, pause)
    changed = Health(breaker, streaks, now if slow_down else health.slowed_at, reissue)
    return Finding(changed, pause, slow_down)


def to_reissue(health: Health) -> list[int]:
    """Calls to issue again once the token is right: with those that were still in flight at the pause."""
    if not health.reissue:
        return []
    return sorted({*health.reissue, *(call_id for call_id, _ in health.streaks.denied)})


def to_text(health: Health) -> str:
    """For the account's row; empty for an account of which nothing is known."""
    if health == Health():
        return ""
    document = asdict(health)
    document["breaker"]["probe"] = stored.to_text(health.breaker.probe)
    return json.dumps(document, separators=(",", ":"))


@lru_cache(maxsize=256)
def from_text(text: str) -> Health:
    """Read back what `to_text` wrote: one and the same for as long as nothing changes."""
    if not text:
        return Health()
    document: Json = json.loads(text)
    breaker = document["breaker"]
    bots, probe = tuple(breaker.get("bots", ())), stored.from_text(breaker.get("probe", ""))
    denied = tuple((call_id, recipient) for call_id, recipient in document["streaks"]["denied"])
    return Health(
        Breaker(**{**breaker, "gate": Gate(breaker["gate"]), "bots": bots, "probe": probe}),
        Streaks(document["streaks"]["pages"], denied),
        document["slowed_at"],
        tuple(document["reissue"]),
    )
