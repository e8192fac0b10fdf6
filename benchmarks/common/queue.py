"""Calls that are queued or wait until they are due, made as rows: no webhook is needed for each."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sqlalchemy import text

from bridge.model import Errand
from bridge.store.db import tables
from bridge.store.db.engine import Store
from tests.store.given import sale, start, take_in

SLICE = 5000
"""Rows that are made in one transaction: a database gives up on statements that take long."""
DAY_S = 86_400


def fill(store: Store, many: int, recipients: int, accounts: int = 1, waiting: int = 0) -> None:
    """So many events of one queued call each, in turns for so many recipients and accounts.

    The accounts are `main`, `a1`, `a2` and so on. `waiting` calls more are due tomorrow, each of an errand of
    its own.
    """
    now = int(time.time() * 1000)
    take_in(store, sale("order-1", start(1), received_at=now))
    if waiting:
        errand = Errand("cart:2", "replace", DAY_S)
        take_in(store, sale("order-2", start(1, due_at=now + DAY_S * 1000, errand=errand), received_at=now))
    for model, first, last in ((2, 3, waiting + 1), (1, waiting + 2, waiting + many)):
        for begin in range(first, last + 1, SLICE):
            with store.transaction() as connection:
                for sql in _copies(model, begin, min(begin + SLICE - 1, last), recipients, accounts):
                    connection.execute(text(sql))


def _copies(model: int, first: int, last: int, recipients: int, accounts: int) -> Iterator[str]:
    """Statements that copy an event, its call and errand, from one number to another."""
    account = f"CASE n.i % {accounts} WHEN 0 THEN 'main' ELSE 'a' || (n.i % {accounts}) END"
    own = {
        tables.events: {"id": "n.i", "delivery": "n.i", "key": "'order-' || n.i"},
        tables.calls: {
            "id": "n.i",
            "event_id": "n.i",
            "place": "n.i",
            "recipient": f"'subscriber:' || (n.i % {recipients} + 1)",
            "account": account,
            "errand": "CASE one.errand WHEN '' THEN '' ELSE 'cart:' || n.i END",
        },
        tables.errands: {"account": account, "key": "'cart:' || n.i"},
    }
    for made, changed in own.items():
        names = [column.name for column in made.columns]
        values = ", ".join(changed.get(name, f"one.{name}") for name in names)
        numbers = f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})"  # noqa: S608 (our own names)
        where = f"one.account = 'main' AND one.key = 'cart:{model}'"
        source = f"FROM n, {made.name} one WHERE {where if made is tables.errands else f'one.id = {model}'}"
        yield f"{numbers} INSERT INTO {made.name} ({', '.join(names)}) SELECT {values} {source}"
