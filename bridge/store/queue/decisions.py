"""Applies decisions about calls, of a person or a rule's policy, and records who, when and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Connection, func, select, update

from bridge.errors import BridgeError
from bridge.model import FINAL, State
from bridge.reasons.actions import ActionCode
from bridge.reasons.calls import CallCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.reasons.states import state_reason
from bridge.reasons.stored import to_text
from bridge.store.db.ids import take_ids
from bridge.store.db.tables import calls as table
from bridge.store.queue import calls, recipient_order
from bridge.store.queue.rows import NewCall, start_of
from bridge.store.reports import audit, counters

NOT_DUE = frozenset({State.WAITING})
WAITS = frozenset({State.WAITING, State.QUEUED})
DOUBTFUL = frozenset({State.UNCERTAIN})
_NOT_HELD = {"held_by": 0, "held_until": 0}


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decided, and why: a person's text, or a reason of the bridge."""

    who: str
    why: Reason | str = ""


class WrongState(BridgeError):
    """The call's state does not allow the decision."""


def cancel(connection: Connection, now: int, call_id: int, by: Decider) -> None:
    """waiting or queued → cancelled: it will not be sent."""
    row = _in_state(connection, call_id, WAITS, ErrorCode.NOT_CANCELLED)
    change = {"state": "cancelled", "reason": _reason(CallCode.CANCELLED, by), "settled_at": now, **_NOT_HELD}
    _step(connection, now, row, change, by, Reason(ActionCode.CANCEL))


def send_now(connection: Connection, now: int, call_id: int, by: Decider) -> None:
    """waiting → queued: it is sent before its time."""
    row = _in_state(connection, call_id, NOT_DUE, ErrorCode.NOT_SENT_NOW)
    start = start_of(row)
    if start.shadow:
        raise WrongState(Reason(ErrorCode.SHADOW_NOT_SENT, number=call_id))
    change = {
        "state": "queued",
        "reason": _reason(CallCode.SENT_NOW, by),
        "place": take_ids(connection, "calls", 1)[0],
        "due_at": now,
        "expires_at": now + start.expires * 1000,
    }
    _step(connection, now, row, change, by, Reason(ActionCode.SEND_NOW))


def resolve(
    connection: Connection, now: int, call_id: int, end: Literal["done", "cancelled"], by: Decider
) -> None:
    """uncertain → done: it ran; uncertain → cancelled: it will not be sent again."""
    row = _in_state(connection, call_id, DOUBTFUL, ErrorCode.NOT_RESOLVED)
    what = Reason(ActionCode.RESOLVE_DONE if end == "done" else ActionCode.RESOLVE_CANCELLED)
    code = CallCode.RESOLVED_AS_DONE if end == "done" else CallCode.RESOLVED_AS_CANCELLED
    change = {"state": end, "reason": _reason(code, by), "settled_at": now, "owner": ""}
    _step(connection, now, row, change, by, what)


def resend(connection: Connection, now: int, call_id: int, by: Decider, *, once: bool = False) -> None:
    """uncertain → queued: it is sent again although it may have run, and `resends` is incremented.

    Late answers to the old attempt are ignored, and its time until it expires starts again. A cancellation
    of its errand from before does not concern it any more. With `once`, a call that was resent before is
    rejected.
    """
    row = _in_state(connection, call_id, DOUBTFUL, ErrorCode.NOT_RESENT)
    if once and row.resends:
        raise WrongState(Reason(ErrorCode.RESENT_BEFORE, number=call_id))
    change = {
        "state": "queued",
        "reason": _reason(CallCode.RESENT, by),
        "owner": "",
        "resends": row.resends + 1,
        "cancelled_by": 0,
        "due_at": now,
        "expires_at": max(row.expires_at, now + start_of(row).expires * 1000),
    }
    _step(connection, now, row, change, by, Reason(ActionCode.RESEND))


def send_again(connection: Connection, now: int, call_id: int, by: Decider) -> int:
    """Send a finished call again, as a new call with this one as its parent; returns the new id.

    The new call of a shadow call is really sent. It is due at once, and belongs to no errand.
    """
    row = _in_state(connection, call_id, FINAL, ErrorCode.NOT_SENT_AGAIN)
    child = _child(connection, row)
    if child is not None:
        raise WrongState(
            Reason(ErrorCode.SENT_AGAIN_BEFORE, number=call_id, child=child),
            Reason(ErrorCode.SEND_CHILD_AGAIN, child=child),
        )
    start = replace(start_of(row), shadow=False, due_at=0, late="send", zone="", errand=None)
    new = NewCall(row.event_id, row.source, start, call_id)
    number = calls.add(connection, now, [new])[0]
    what = Reason(ActionCode.SEND_AGAIN, number=number)
    audit.record(connection, now, who=by.who, what=what, why=by.why, kind="call", target=call_id)
    return number


def _child(connection: Connection, row: Any) -> int | None:
    """The call that repeats this one, also if its rule was renamed."""
    its = (table.c.event_id == row.event_id, table.c.parent == row.id)
    child: int | None = connection.execute(select(func.min(table.c.id)).where(*its)).scalar_one()
    return child


def _in_state(connection: Connection, call_id: int, expected: frozenset[State], refusal: ErrorCode) -> Any:
    """The call's row, locked until the transaction ends; raises WrongState (`refusal`) for other states."""
    row = connection.execute(select(table).where(table.c.id == call_id).with_for_update()).one_or_none()
    if row is None:
        raise BridgeError(Reason(ErrorCode.NO_CALL, number=call_id), Reason(ErrorCode.LIST_CALLS))
    if State(row.state) not in expected:
        allowed = tuple(state_reason(state) for state in sorted(expected))
        found = state_reason(row.state)
        raise WrongState(Reason(refusal, number=call_id, state=found, expected=allowed))
    return row


def _step(
    connection: Connection, now: int, row: Any, change: dict[str, Any], by: Decider, what: Reason
) -> None:
    guard = (table.c.id == row.id, table.c.state == row.state, table.c.attempt == row.attempt)
    connection.execute(update(table).where(*guard).values(change))
    counters.add_moves(connection, now, [row], State(change["state"]))
    recipient_order.release_next(connection, [(row.account, row.recipient)])
    audit.record(connection, now, who=by.who, what=what, why=by.why, kind="call", target=row.id)


def _reason(code: CallCode, by: Decider) -> str:
    why = Reason(CallCode.ADDED, text=by.why) if by.why else None
    return to_text(Reason(code, who=audit.display_name(by.who), why=why))
