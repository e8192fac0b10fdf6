"""What one webhook with one call that is done weighs at rest, table by table, on both databases.

python -m benchmarks.sizes
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import psycopg

from benchmarks.common import shop
from benchmarks.common.postgres import postgres_on_disk
from benchmarks.common.report import machine, table
from bridge.mapping.compile.compiler import compile_files
from bridge.mapping.rules.apply import MappingFile, apply
from bridge.model import Attempt, Outcome, Request, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store, open_store
from bridge.store.inbox import events
from bridge.store.inbox.events import Delivery
from bridge.store.queue import calls, claims, pauses
from bridge.store.queue.calls import Settlement
from bridge.webhook.source import Accepted

ANSWERED = Reason(CallCode.ANSWERED, status=200)
_BATCH = 500
_SQLITE = (
    "SELECT m.tbl_name, m.type, sum(d.pgsize) FROM dbstat d JOIN sqlite_master m USING (name) GROUP BY 1, 2"
)
_POSTGRES = (
    "SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class "
    "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)


def main(words: list[str] | None = None) -> int:
    """Fill and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--webhooks", type=int, default=20_000)
    many = parser.parse_args(words).webhooks
    with tempfile.TemporaryDirectory() as folder, postgres_on_disk() as server:
        print(machine(Path(folder)))
        file = Path(folder) / "bridge.db"
        fill(f"sqlite:///{file}", many)
        url = server.url(server.create())
        before = _log(url)
        fill(url, many)
        logged = (_log(url) - before) / many
        _show("SQLite", sqlite_sizes(file), many)
        _show("PostgreSQL", postgres_sizes(url), many)
        print(f"and {logged:,.0f} bytes of write-ahead log")
    return 0


def fill(url: str, many: int) -> None:
    """So many webhooks through the real tables, each with its call sent and done."""
    store = open_store(url)
    store.migrate()
    files = {"shop.yml": shop.mapping().encode(), "accounts.yml": shop.ACCOUNTS.encode()}
    secrets = {"SHOP_SECRET": shop.SECRET, "LEADCONVERTER_TOKEN": "benchmark"}
    mapping = compile_files(files, secrets).sources["shop"]
    make, now = shop.Orders("order-size").requests("bridge", "/hooks/shop"), int(time.time() * 1000)
    for begin in range(0, many, _BATCH):
        deliveries = [
            delivery(mapping, make(number), now) for number in range(begin, min(many, begin + _BATCH))
        ]
        with store.transaction() as connection:
            events.accept(connection, now, deliveries)
        _send(store, now)
    store.checkpoint()
    store.close()


def delivery(mapping: MappingFile, raw: bytes, now: int) -> Delivery:
    """What intake makes of the bytes of a request."""
    head, _, body = raw.partition(b"\r\n\r\n")
    pairs = [line.partition(": ") for line in head.decode().split("\r\n")[1:]]
    request = Request("POST", "", tuple((name, value) for name, _, value in pairs), body, "203.0.113.7")
    reception = mapping.source.receive(request, now)
    assert isinstance(reception, Accepted)
    made = tuple((event, apply(mapping, event)) for event in reception.events)
    return Delivery("shop", request, now, reception.verified, mapping.version, made)


def _send(store: Store, now: int) -> None:
    with store.transaction() as connection:
        ready = claims.ready(connection, now, "main", _BATCH, pauses.paused_names(connection))
        sent = claims.claim(connection, now, "benchmark", ready)
        shown = Attempt(now, now + 80, Outcome.DONE, ANSWERED, "complete", 200)
        ends = [Settlement(one.id, "benchmark", one.attempt, shown, State.DONE, ANSWERED) for one in sent]
        calls.settle(connection, now, ends)


def sqlite_sizes(file: Path) -> dict[str, tuple[int, int]]:
    """By table: bytes of its rows and of its indexes."""
    sizes: dict[str, tuple[int, int]] = {}
    with closing(sqlite3.connect(file)) as database:
        for name, kind, size in database.execute(_SQLITE):
            rows, indexes = sizes.get(name, (0, 0))
            sizes[name] = (rows + size, indexes) if kind == "table" else (rows, indexes + size)
    return sizes


def postgres_sizes(url: str) -> dict[str, tuple[int, int]]:
    """By table: bytes of its rows and of its indexes, after a vacuum."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        return {name: (rows, indexes) for name, rows, indexes in connection.execute(_POSTGRES)}


def _log(url: str) -> int:
    """Bytes of write-ahead log that PostgreSQL has ever written."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT (pg_current_wal_lsn() - '0/0')::bigint").fetchone()
        return int(row[0]) if row else 0


def _show(database: str, sizes: Mapping[str, tuple[int, int]], many: int) -> None:
    kept = [(name, *size) for name, size in sizes.items() if sum(size) > many]
    rows = [(name, f"{of / many:,.0f}", f"{index / many:,.0f}") for name, of, index in kept]
    total = sum(of + index for _, of, index in kept) / many
    print(f"\n{table((f'{database}: bytes a webhook', 'rows', 'indexes'), rows)}\nin all {total:,.0f}")


if __name__ == "__main__":
    sys.exit(main())
