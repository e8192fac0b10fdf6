"""What is going on when the power goes: webhooks are acknowledged and calls are sent, on one SQLite file.

`python -m tests.faults.power_workload FOLDER MODE`: MODE is what SQLite's `synchronous` is set to. Each
promise is noted by a write to FOLDER/promised, which the recorder puts in its place among the others.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bridge.store.db.engine import Store, open_store
from bridge.store.db.writer import Writer
from bridge.store.inbox import events
from tests.store.given import claim, sale, settle, settlement, start

WEBHOOKS = 40
CHECKPOINT_PAGES = 60
"""So few that the log is folded into the file again and again."""


def main(folder: Path, mode: str) -> None:
    store = opened(f"sqlite:///{folder / 'bridge.db'}", mode)
    promised = os.open(folder / "promised", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    writer = Writer(store, events.batch_writer(store))
    for number in range(WEBHOOKS):
        asyncio.run(writer.submit(sale(f"w{number}", start(number + 1))))
        os.write(promised, f"accepted w{number}\n".encode())
        if number % 4 == 3:
            send(store, promised)
        if number % 16 == 15:
            store.checkpoint()
    os._exit(0)


def opened(url: str, mode: str) -> Store:
    store = open_store(url)

    @event.listens_for(store.writing, "connect")
    def _spoil(connection: Any, _: object) -> None:
        connection.execute(f"PRAGMA synchronous = {mode}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")

    return store


def send(store: Store, promised: int) -> None:
    """One round of a dispatcher; the first byte of each call goes out where `sent` is noted."""
    claimed = claim(store, 3)
    for call in claimed:
        os.write(promised, f"sent {call.id}\n".encode())
    settle(store, *[settlement(call) for call in claimed[:2]])
    for call in claimed[:2]:
        os.write(promised, f"ended {call.id}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
