"""Settles calls as a person decides: send now, done, resend or cancel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from bridge.model import State
from bridge.store.queue import decisions
from bridge.store.queue.decisions import Decider
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports.call_views import call

Resolution: TypeAlias = Literal["send_now", "done", "resend", "cancel"]

FITTING: Mapping[Resolution, frozenset[State]] = {
    "send_now": decisions.NOT_DUE,
    "done": decisions.DOUBTFUL,
    "resend": decisions.DOUBTFUL,
    "cancel": decisions.DOUBTFUL | decisions.WAITS,
}
"""The states in which each resolution is allowed."""


def settle(connection: Transaction, now: int, number: int, resolution: Resolution, by: Decider) -> None:
    """Settle a call, in the caller's transaction; raises BridgeError if its state does not allow it."""
    if resolution == "send_now":
        decisions.send_now(connection, now, number, by)
    elif resolution == "done":
        decisions.resolve(connection, now, number, "done", by)
    elif resolution == "resend":
        decisions.resend(connection, now, number, by)
    elif call(connection, number).call.state is State.UNCERTAIN:
        decisions.resolve(connection, now, number, "cancelled", by)
    else:
        decisions.cancel(connection, now, number, by)
