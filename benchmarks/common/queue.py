"""A queue of calls that are due, made as rows: no webhook is needed for each."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sqlalchemy import text

from bridge.store.db import tables
from bridge.store.db.engine import Store
from tests.store.given import sale, start, take_in

SLICE = 5000
"""Rows that are made in one transaction: a database gives up on statements that take long."""


def fill(store: Store, many: int, recipients: int, accounts: int = 1) -> None:
    """So many events of one queued call each, in turns for so many recipients and accounts.

    The accounts are `main`, `a1`, `a2` and so on.
    """
    take_in(store, sale("order-1", start(1), received_at=int(time.time() * 1000)))
    for first in range(2, many + 1, SLICE):
        with store.transaction() as connection:
            for sql in _copies(first, min(first + SLICE - 1, many), recipients, accounts):
                connection.execute(text(sql))


def _copies(first: int, last: int, recipients: int, accounts: int) -> Iterator[str]:
    """Statements that copy the first event and its call, from one number to another."""
    own = {
        tables.events: {"id": "n.i", "delivery": "n.i", "key": "'order-' || n.i"},
        tables.calls: {
            "id": "n.i",
            "event_id": "n.i",
            "recipient": f"'subscriber:' || (n.i % {recipients} + 1)",
            "account": f"CASE n.i % {accounts} WHEN 0 THEN 'main' ELSE 'a' || (n.i % {accounts}) END",
        },
    }
    for made, changed in own.items():
        names = [column.name for column in made.columns]
        values = ", ".join(changed.get(name, f"one.{name}") for name in names)
        numbers = f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})"  # noqa: S608 (our own names)
        source = f"FROM n, {made.name} one WHERE one.id = 1"
        yield f"{numbers} INSERT INTO {made.name} ({', '.join(names)}) SELECT {values} {source}"
