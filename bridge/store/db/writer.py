"""Group commit: whatever waits to be written goes to disk together, in one transaction."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

from sqlalchemy import Connection

from bridge.errors import Overloaded, StoreUnavailable
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store

Item = TypeVar("Item")
Result = TypeVar("Result")
Observe = Callable[[int, float], None]
"""Told after each commit: how many items it held, how many seconds it took."""

SUBMIT_S = 2.2
"""Senders are to have their answer within 2.5 s."""
STALL_S = 2.0
"""Seconds after which a commit in progress counts as stuck: whoever comes then need not wait to be told."""


def _unobserved(items: int, seconds: float) -> None:
    """What a writer tells when nobody listens."""


class _Ticket(Generic[Item, Result]):
    """One waiting item, and in the end its result or its error."""

    __slots__ = ("abandoned", "done", "error", "item", "result")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.abandoned = False
        self.result: Result | None = None
        self.error: Exception | None = None
        self.done = Lock()
        self.done.acquire()

    def settle(self, result: Result | None, error: Exception | None = None) -> None:
        self.result, self.error = result, error
        self.done.release()


class Writer(Generic[Item, Result]):
    """Writes items through `write`, which gets a transaction and a batch and gives one result per item.

    A batch that fails is written again item by item, so that one bad item fails alone. With `start` false no
    thread runs and `step` writes what waits: for tests and for commands.

    There is no lock around the queue: under gevent those who wait for one are let in singly, one between
    every two commits, and no two items would ever share a commit.
    """

    def __init__(
        self,
        store: Store,
        write: Callable[[Connection, Sequence[Item]], Sequence[Result]],
        *,
        batch: int = 128,
        waiting: int = 4096,
        observe: Observe = _unobserved,
        start: bool = True,
    ) -> None:
        self._store = store
        self._write = write
        self._batch = batch
        self._limit = waiting
        self._observe = observe
        self._queue: deque[_Ticket[Item, Result]] = deque()
        self._stirred = Event()
        self._closed = False
        self._began: float | None = None
        self._thread = Thread(target=self._run, name="store-writer", daemon=True) if start else None
        if self._thread:
            self._thread.start()

    def submit(self, item: Item, timeout: float = SUBMIT_S) -> Result:
        """Wait until the item is on disk and give its result.

        Raises StoreUnavailable when too much waits already, when the commit in progress is stuck, when
        `timeout` seconds pass or when the database does not do its part: the item then counts as not
        accepted, even if a commit in progress still lands.
        Raises what `write` raised when the item itself is at fault.
        """
        ticket = self._enqueue(item)
        if not ticket.done.acquire(timeout=timeout):
            ticket.abandoned = True
            raise StoreUnavailable(Reason(ErrorCode.DATABASE_SLOW, seconds=f"{timeout:g}"))
        if ticket.error is not None:
            raise ticket.error
        return ticket.result  # type: ignore[return-value]  # settled without an error means with a result

    def offer(self, item: Item) -> bool:
        """Have the item written at some time, or not at all when too much waits: for what may be lost."""
        try:
            self._enqueue(item)
        except StoreUnavailable:
            return False
        return True

    def waiting(self) -> int:
        """How many items are not yet in a transaction."""
        return len(self._queue)

    def close(self, timeout: float = 5.0) -> None:
        """Take nothing more, write what waits, and fail what is left after `timeout` seconds."""
        self._closed = True
        self._stirred.set()
        if self._thread:
            self._thread.join(timeout)
        while self._queue:
            self._queue.popleft().settle(None, StoreUnavailable(Reason(ErrorCode.WRITER_CLOSED)))

    def step(self) -> int:
        """Write one batch of what waits; gives how many items it held."""
        return self._commit([]) if self._queue else 0

    def _enqueue(self, item: Item) -> _Ticket[Item, Result]:
        if self._closed:
            raise StoreUnavailable(Reason(ErrorCode.WRITER_CLOSED))
        if len(self._queue) >= self._limit:
            raise Overloaded(Reason(ErrorCode.DATABASE_OVERLOADED, number=self._limit))
        began = self._began
        if began is not None and time.monotonic() - began > STALL_S:
            raise StoreUnavailable(Reason(ErrorCode.DATABASE_STUCK, seconds=f"{STALL_S:g}"))
        ticket: _Ticket[Item, Result] = _Ticket(item)
        self._queue.append(ticket)
        if not self._stirred.is_set():
            self._stirred.set()
        return ticket

    def _take(self) -> list[_Ticket[Item, Result]]:
        return [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]

    def _run(self) -> None:
        while not self._closed or self._queue:
            self._stirred.wait()
            self._stirred.clear()
            while self._queue:
                self.step()

    def _commit(self, tickets: Sequence[_Ticket[Item, Result]]) -> int:
        """Write these, or without any what waits when the transaction has begun: the longer that takes, the
        more can share it. Gives how many items it held."""
        self._began = began = time.monotonic()
        try:
            with self._store.transaction() as connection:
                # It may have taken long to get this far: who has left was told that nothing was written.
                tickets = [ticket for ticket in tickets or self._take() if not ticket.abandoned]
                results = self._write(connection, [ticket.item for ticket in tickets]) if tickets else ()
                pairs = list(zip(tickets, results, strict=True))
        except StoreUnavailable as error:
            for ticket in tickets or self._take():
                ticket.settle(None, StoreUnavailable(error.reason, error.cure))
        except Exception as error:
            self._singly(tickets or self._take(), error)
        else:
            if pairs:
                self._observe(len(pairs), time.monotonic() - began)
            for ticket, result in pairs:
                ticket.settle(result)
        finally:
            self._began = None
        return len(tickets)

    def _singly(self, tickets: Sequence[_Ticket[Item, Result]], error: Exception) -> None:
        if len(tickets) == 1:
            tickets[0].settle(None, error)
            return
        for ticket in tickets:
            self._commit([ticket])
