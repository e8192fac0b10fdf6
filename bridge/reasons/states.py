"""The states of a call in words."""

from __future__ import annotations

from typing import Final

from bridge.reasons.reason import Code, Reason


class StateCode(Code):
    """The states of a call in words."""

    WAITING = "state.waiting"
    QUEUED = "state.queued"
    CLAIMED = "state.claimed"
    SENDING = "state.sending"
    UNCERTAIN = "state.uncertain"
    DONE = "state.done"
    REFUSED = "state.refused"
    EXHAUSTED = "state.exhausted"
    EXPIRED = "state.expired"
    CANCELLED = "state.cancelled"


_BY_STATE: Final = {
    "waiting": StateCode.WAITING,
    "queued": StateCode.QUEUED,
    "claimed": StateCode.CLAIMED,
    "sending": StateCode.SENDING,
    "uncertain": StateCode.UNCERTAIN,
    "done": StateCode.DONE,
    "refused": StateCode.REFUSED,
    "exhausted": StateCode.EXHAUSTED,
    "expired": StateCode.EXPIRED,
    "cancelled": StateCode.CANCELLED,
}


def state_reason(state: str) -> Reason:
    """A call's state as a value of another reason. In English it is the state's own name."""
    return Reason(_BY_STATE[state])
