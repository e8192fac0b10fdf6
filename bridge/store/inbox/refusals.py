"""Stores the last rejected webhooks of each source, so that the owner can check them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from bridge.model import Request
from bridge.reasons.reason import Reason
from bridge.reasons.stored import from_text
from bridge.store.db.bulk import insertion
from bridge.store.db.ids import take_ids
from bridge.store.db.tables import refusals
from bridge.store.db.texts import document_text, plain, reason_text
from bridge.store.inbox.request_rows import request_of
from bridge.store.reports import counters
from bridge.store.reports.counters import Key
from bridge.store.reports.pagination import Listing, Page, newest, selection

KEPT = 200
"""Refusals kept per source."""
BODY_BYTES = 64 * 1024
"""Bytes of a body that are kept."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rejected webhook. `detail` is for the owner; the sender got a generic text."""

    source: str
    received_at: int
    status: int
    code: str
    detail: Reason | None
    request: Request
    secrets: str | None = None
    """Where its source reads secrets; None in rows from before it was stored."""


@dataclass(frozen=True, slots=True)
class KeptRefusal:
    """A stored refusal. Its body may be cut; `body_size` is the length of the whole."""

    id: int
    refusal: Refusal
    body_size: int


_INSERT = insertion(refusals)
_FORGET = text("""
DELETE FROM refusals WHERE source = :source AND id < (
  SELECT id FROM refusals WHERE source = :source ORDER BY id DESC LIMIT 1 OFFSET :kept
) + 1
""")


def refuse(connection: Connection, now: int, items: Sequence[Refusal]) -> None:
    """Store and count refusals, and delete all but the last `KEPT` of their sources."""
    ids = take_ids(connection, "refusals", len(items))
    _INSERT.run(connection, [_row(number, one) for number, one in zip(ids, items, strict=True)])
    sources = Counter(plain(one.source) for one in items)
    counts = {Key("webhook:refused", source): many for source, many in sources.items()}
    counters.add(connection, now, counts)
    for source in sorted(sources):
        connection.execute(_FORGET, {"source": source, "kept": KEPT})


def recent(connection: Connection, source: str | None = None, limit: int = 50) -> tuple[KeptRefusal, ...]:
    """The latest refusals, newest first; of one source or of all."""
    return page_of_refusals(connection, Page(limit=limit), source).items


def page_of_refusals(connection: Connection, page: Page, source: str | None = None) -> Listing[KeptRefusal]:
    """One page of the refusals that are kept, newest first; of one source or of all."""
    by = [] if source is None else [refusals.c.source == plain(source)]
    wanted = selection(connection, refusals, refusals.c.received_at, by=by)
    found = newest(connection, [refusals], wanted, page)
    return Listing(tuple(_kept(row) for row in found.items), found.more)


def _row(number: int, one: Refusal) -> tuple[Any, ...]:
    request = one.request
    return (
        number,
        plain(one.source),
        one.received_at,
        one.status,
        one.code,
        reason_text(one.detail),
        request.client,
        plain(request.method),
        plain(request.query),
        document_text(request.headers),
        request.body[:BODY_BYTES],
        len(request.body),
        one.secrets,
    )


def _kept(row: Any) -> KeptRefusal:
    refusal = Refusal(
        source=row.source,
        received_at=row.received_at,
        status=row.status,
        code=row.code,
        detail=from_text(row.detail),
        request=request_of(row),
        secrets=row.secrets,
    )
    return KeptRefusal(row.id, refusal, row.body_size)
