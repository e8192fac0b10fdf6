"""Webhooks that were turned away: the last of each source, to see whether one should not have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, text

from bridge.language.numbers import from_json
from bridge.model import Request
from bridge.store import bulk
from bridge.store.ids import take_ids
from bridge.store.tables import refusals
from bridge.store.texts import document_text, plain

KEPT = 200
"""Of each source."""
BODY_BYTES = 64 * 1024
"""What is kept of a body."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One webhook turned away. `detail` is for the owner; the sender heard a generic text."""

    source: str
    received_at: int
    status: int
    code: str
    detail: str
    request: Request


@dataclass(frozen=True, slots=True)
class KeptRefusal:
    """A refusal as stored. Its request's body may be cut: `body_size` is the whole."""

    id: int
    refusal: Refusal
    body_size: int


_INSERT = bulk.insert_each(refusals)
_FORGET = text("""
DELETE FROM refusals WHERE source = :source AND id < (
  SELECT id FROM refusals WHERE source = :source ORDER BY id DESC LIMIT 1 OFFSET :kept
) + 1
""")


def refuse(connection: Connection, items: Sequence[Refusal]) -> None:
    """Keep these and forget all but the last `KEPT` of their sources."""
    ids = take_ids(connection, "refusals", len(items))
    bulk.each(connection, _INSERT, [_row(number, one) for number, one in zip(ids, items, strict=True)])
    for source in sorted({plain(one.source) for one in items}):
        connection.execute(_FORGET, {"source": source, "kept": KEPT})


def recent(connection: Connection, source: str | None = None, limit: int = 50) -> tuple[KeptRefusal, ...]:
    """The latest refusals, newest first; of one source or of all."""
    query = select(refusals).order_by(refusals.c.id.desc()).limit(limit)
    if source is not None:
        query = query.where(refusals.c.source == plain(source))
    return tuple(_kept(row) for row in connection.execute(query))


def _row(number: int, one: Refusal) -> tuple[Any, ...]:
    request = one.request
    return (
        number,
        plain(one.source),
        one.received_at,
        one.status,
        one.code,
        plain(one.detail),
        request.client,
        plain(request.method),
        plain(request.query),
        document_text(request.headers),
        request.body[:BODY_BYTES],
        len(request.body),
    )


def _kept(row: Any) -> KeptRefusal:
    headers = tuple((name, value) for name, value in from_json(row.headers))
    request = Request(row.method, row.query, headers, bytes(row.body), row.client)
    refusal = Refusal(row.source, row.received_at, row.status, row.code, row.detail, request)
    return KeptRefusal(row.id, refusal, row.body_size)
