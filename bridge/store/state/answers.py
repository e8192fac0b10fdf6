"""Stores the shapes of answers that counted as done, so that the owner can confirm each once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select, text, update

from bridge.errors import BridgeError
from bridge.reasons.actions import ActionCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.db.tables import answers
from bridge.store.queue.decisions import Decider
from bridge.store.reports import audit

MOST: Final = 20
"""The most shapes stored per account and URL. A longer list would not help."""
_KNOWN = select(answers.c.account, answers.c.url, answers.c.shape)
_ADD = text(f"""
INSERT INTO answers (account, url, shape, call_id, seen_at, confirmed_at)
SELECT CAST(:account AS TEXT), CAST(:url AS TEXT), CAST(:shape AS TEXT), :call_id, :now, 0
WHERE (SELECT COUNT(*) FROM answers WHERE account = :account AND url = :url) < {MOST}
ON CONFLICT DO NOTHING
""")  # noqa: S608 (our own number)


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of an account's answers. Includes the URL, since a sandbox answers differently."""

    account: str
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A shape that no person has confirmed yet, and the call with the first such answer."""

    shape: Shape
    call_id: int
    seen_at: int


def known(connection: Connection) -> set[Shape]:
    """All known shapes."""
    return {Shape(*row) for row in connection.execute(_KNOWN)}


def add(connection: Connection, now: int, shape: Shape, call_id: int) -> None:
    """Store a new shape, unless it is known or the limit is reached. The account's row must be locked."""
    values = {"account": shape.account, "url": shape.url, "shape": shape.text}
    connection.execute(_ADD, {**values, "call_id": call_id, "now": now})


def unconfirmed(connection: Connection) -> tuple[Unconfirmed, ...]:
    """Shapes that the owner has not confirmed, oldest first."""
    query = select(answers).where(answers.c.confirmed_at == 0).order_by(answers.c.seen_at, answers.c.call_id)
    return tuple(
        Unconfirmed(Shape(row.account, row.url, row.shape), row.call_id, row.seen_at)
        for row in connection.execute(query)
    )


def confirm(connection: Connection, now: int, call_id: int, by: Decider) -> bool:
    """Record that an answer such as this call's is success; False if it was confirmed before.

    Raises BridgeError where the call's answer is not the first of a shape.
    """
    mine = answers.c.call_id == call_id
    account = connection.execute(select(answers.c.account).where(mine)).scalar_one_or_none()
    if account is None:
        raise BridgeError(
            Reason(ErrorCode.NOT_FIRST_ANSWER, number=call_id), Reason(ErrorCode.ANSWERS_TO_CONFIRM)
        )
    change = update(answers).where(mine, answers.c.confirmed_at == 0).values(confirmed_at=now)
    if connection.execute(change).rowcount != 1:
        return False
    audit.record(
        connection,
        now,
        who=by.who,
        what=Reason(ActionCode.CONFIRM_SUCCESS),
        why=by.why,
        kind="call",
        target=call_id,
    )
    return True
