"""Group commit: all waiting items are written to disk in one transaction."""

from __future__ import annotations

import contextlib
import logging
import time
from asyncio import AbstractEventLoop, Future, get_running_loop
from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from bridge.errors import Deadlock, Overloaded, StoreUnavailable
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")
ObserveCommit = Callable[[int, float], None]
"""Called after each commit with the number of items and the seconds it took."""

SUBMIT_S = 2.2
"""Senders must get an answer within 2.5 s."""
STALL_S = 2.0
"""Seconds after which a commit in progress counts as stuck: new items are rejected at once."""
_RETRIES = 2
"""After a deadlock. The first retry may lock a row before the transaction that survived gets it."""


def _no_op(items: int, seconds: float) -> None:
    """No-op observer."""


class _Ticket(Generic[Item, Result]):
    """One waiting item, and later its result or error.

    It has a `future` only if its caller waits.
    """

    __slots__ = ("abandoned", "done", "error", "future", "item", "result")

    def __init__(self, item: Item, future: Future[Result] | None = None) -> None:
        self.item = item
        self.future = future
        self.abandoned = False
        self.done = False
        self.result: Result | None = None
        self.error: Exception | None = None

    def settle(self) -> None:
        """Wake who waits. To be called in the loop."""
        if self.future is None or self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)  # type: ignore[arg-type]  # no error means a result


class Writer(Generic[Item, Result]):
    """Writes items with `write`, which takes a transaction and a batch, and returns one result per item.

    Its thread commits; event loops wait for it. A batch that fails is written again item by item, so that one
    bad item fails alone; one that the database ended because of a deadlock is written again as it was.
    With `start` false no thread runs, and `step` writes the waiting items.
    """

    def __init__(
        self,
        store: Store,
        write: Callable[[Connection, Sequence[Item]], Sequence[Result]],
        *,
        batch: int = 128,
        waiting: int = 4096,
        observe: ObserveCommit = _no_op,
        start: bool = True,
    ) -> None:
        self._store = store
        self._write = write
        self._batch = batch
        self._limit = waiting
        self._observe = observe
        self._queue: deque[_Ticket[Item, Result]] = deque()
        self._wake_up = Event()
        self._closed = False
        self._began: float | None = None
        self._thread = Thread(target=self._run, name="store-writer", daemon=True) if start else None
        if self._thread:
            self._thread.start()

    async def submit(self, item: Item, timeout: float = SUBMIT_S) -> Result:
        """Wait until the item is on disk, and return its result.

        Raises StoreUnavailable if the queue is full, the commit in progress is stuck, `timeout` seconds pass
        or the database fails: the item then counts as not accepted, even if a commit in progress succeeds
        later. Raises what `write` raised if the item itself is invalid.
        """
        loop = get_running_loop()
        future: Future[Result] = loop.create_future()
        ticket = self._enqueue(_Ticket(item, future))
        timer = loop.call_later(timeout, _give_up, future, timeout)
        try:
            return await future
        finally:
            timer.cancel()
            ticket.abandoned = True

    def offer(self, item: Item) -> bool:
        """Queue the item without waiting; False if the queue is full. For items that may be lost."""
        try:
            self._enqueue(_Ticket(item))
        except StoreUnavailable:
            return False
        return True

    def waiting(self) -> int:
        """The number of items that are not yet in a transaction."""
        return len(self._queue)

    def close(self, timeout: float = 5.0) -> None:
        """Reject new items, write waiting ones, and fail those left after `timeout` seconds."""
        self._closed = True
        self._wake_up.set()
        if self._thread:
            self._thread.join(timeout)
        _fail(list(self._queue), StoreUnavailable(Reason(ErrorCode.WRITER_CLOSED)))
        self._queue.clear()

    def step(self) -> int:
        """Write one batch of waiting items; returns their number."""
        return self._commit([]) if self._queue else 0

    def _enqueue(self, ticket: _Ticket[Item, Result]) -> _Ticket[Item, Result]:
        if self._closed:
            raise StoreUnavailable(Reason(ErrorCode.WRITER_CLOSED))
        if len(self._queue) >= self._limit:
            raise Overloaded(Reason(ErrorCode.DATABASE_OVERLOADED, number=self._limit))
        began = self._began
        if began is not None and time.monotonic() - began > STALL_S:
            raise StoreUnavailable(Reason(ErrorCode.DATABASE_STUCK, seconds=f"{STALL_S:g}"))
        self._queue.append(ticket)
        if not self._wake_up.is_set():
            self._wake_up.set()
        return ticket

    def _take(self) -> list[_Ticket[Item, Result]]:
        return [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]

    def _run(self) -> None:
        while not self._closed or self._queue:
            self._wake_up.wait()
            self._wake_up.clear()
            while self._queue:
                self.step()

    def _commit(self, tickets: Sequence[_Ticket[Item, Result]], retries: int = _RETRIES) -> int:
        """Write these tickets, and return their number; without any, those that wait in the queue."""
        self._began = began = time.monotonic()
        try:
            with self._store.transaction() as connection:
                # Taken only now: the longer it took to begin, the more items share the commit. Callers that
                # timed out meanwhile have answered that nothing was written.
                tickets = [ticket for ticket in tickets or self._take() if not ticket.abandoned]
                results = self._write(connection, [ticket.item for ticket in tickets]) if tickets else ()
                settled = list(zip(tickets, results, strict=True))
        except StoreUnavailable as error:
            tickets = tickets or self._take()
            if isinstance(error, Deadlock) and retries:
                return self._commit(tickets, retries - 1)
            _fail(tickets, StoreUnavailable(error.reason, error.cure))
        except Exception as error:
            self._one_by_one(tickets or self._take(), error)
        else:
            if tickets:
                self._report(len(tickets), time.monotonic() - began)
            for ticket, result in settled:
                ticket.result = result
            _settle(tickets)
        finally:
            self._began = None
        return len(tickets)

    def _report(self, items: int, seconds: float) -> None:
        """Call the observer, whose failure must not end the thread: nothing would be accepted any more."""
        try:
            self._observe(items, seconds)
        except Exception:
            log.exception("a commit could not be counted")

    def _one_by_one(self, tickets: Sequence[_Ticket[Item, Result]], error: Exception) -> None:
        if len(tickets) == 1:
            _fail(tickets, error)
            return
        for ticket in tickets:
            self._commit([ticket])


def _give_up(future: Future[Any], timeout: float) -> None:
    if not future.done():
        future.set_exception(StoreUnavailable(Reason(ErrorCode.DATABASE_SLOW, seconds=f"{timeout:g}")))


def _fail(tickets: Sequence[_Ticket[Any, Any]], error: Exception) -> None:
    for ticket in tickets:
        ticket.error = error
    _settle(tickets)


def _settle(tickets: Sequence[_Ticket[Any, Any]]) -> None:
    """Wake all who wait, with one call per loop: each call costs a system call."""
    for ticket in tickets:
        ticket.done = True
    loops: dict[AbstractEventLoop, list[_Ticket[Any, Any]]] = {}
    for ticket in tickets:
        if ticket.future:
            loops.setdefault(ticket.future.get_loop(), []).append(ticket)
    for loop, waiting in loops.items():
        # Nothing waits in a closed loop.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle_in_loop, waiting)


def _settle_in_loop(tickets: Sequence[_Ticket[Any, Any]]) -> None:
    for ticket in tickets:
        ticket.settle()
