"""`/metrics`: what the processes counted, and what is read at each scrape."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Final

from bridge import __version__
from bridge.assemble.web import WebSide
from bridge.dispatch.policy import account_health, pace
from bridge.dispatch.policy.breaker import Gate
from bridge.errors import StoreUnavailable
from bridge.store.reports import queue_stats
from bridge.store.reports.queue_stats import Queue, QueueStats
from bridge.web import counting, metrics, process_metrics
from bridge.web.counting import Counted
from bridge.web.metrics import Sample

FRESH_S: Final = 5.0
"""Seconds for which figures read from the database are reused."""
SHARE: Final = 50.0
"""Figures that took long to read are reused for this multiple of that time."""


class Scrape:
    """Builds the page. One thread at a time reads the database, every few seconds."""

    def __init__(self, side: WebSide, counted: Counted, clock: Callable[[], float] = time.monotonic) -> None:
        self.side = side
        self.counted = counted
        self.clock = clock
        self.folder = side.settings.metrics
        self._looking = Lock()
        self._seen: QueueStats | None = None
        self._good_until = float("-inf")

    def page(self) -> bytes:
        """The text of the page. May wait for the database: call it on a thread."""
        return counting.page(self.folder, self.samples, self.counted)

    def samples(self) -> Iterator[Sample]:
        """Everything that is read rather than counted."""
        side = self.side
        yield metrics.INFO, (__version__, "sqlite" if side.store.embedded else "postgresql"), 1
        yield metrics.STALE, (), side.mapping_loader.stale
        if side.store.embedded:
            yield metrics.DISK_FREE, (), side.readiness.disk.free()
        seen = self.figures()
        yield metrics.UP, (), seen is not None
        if seen is not None:
            yield from self._of_calls(seen)
        if self.folder:
            yield from process_metrics.samples(self.folder)

    def figures(self) -> QueueStats | None:
        """Figures of the database, read again when they are old; None if it does not answer."""
        if self.side.readiness.database():
            return None
        if self.clock() >= self._good_until and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        return self._seen

    def _look(self) -> None:
        began = self.clock()
        try:
            with self.side.store.read() as connection:
                self._seen = queue_stats.count(connection, self.side.store.now(connection))
        except StoreUnavailable:
            self._seen = None
        self._good_until = self.clock() + max(FRESH_S, SHARE * (self.clock() - began))

    def _of_calls(self, seen: QueueStats) -> Iterator[Sample]:
        for state, many in seen.states.items():
            yield metrics.CALLS, (state.value,), many
        yield metrics.CALLS, ("queued",), seen.queued
        yield metrics.CALLS, ("waiting",), seen.waiting.many
        yield from self._of_waiting(seen)
        for one in seen.doubts:
            yield metrics.UNCERTAIN, (one.account, one.cause), one.many
        for queue in seen.queues:
            yield from self._of_account(queue, seen.now)

    def _of_waiting(self, seen: QueueStats) -> Iterator[Sample]:
        known = self.side.mapping_loader.current.sources
        waiting: Counter[str] = Counter()
        for source, many in seen.waiting.sources.items():
            waiting[source if source in known else metrics.UNKNOWN] += many
        cancelled: Counter[tuple[str, str]] = Counter()
        for (source, cause), many in seen.waiting.cancelled.items():
            by = cause.removeprefix("cancelled:")
            cancelled[source if source in known else metrics.UNKNOWN, by] += many
        for source, many in waiting.items():
            yield metrics.WAITING, (source,), many
        for labels, many in cancelled.items():
            yield metrics.CANCELLED, labels, many
        yield metrics.WAITING_DUE, (), seen.waiting.due
        yield metrics.WAITING_LATE, (), seen.waiting.late_ms(seen.now) / 1000

    def _of_account(self, queue: Queue, now: int) -> Iterator[Sample]:
        name = queue.account.name
        yield metrics.QUEUED, (name,), queue.queued
        yield metrics.OLDEST, (name,), queue.oldest_ms / 1000
        yield metrics.LATE, (name,), queue.late_ms / 1000
        yield metrics.PAUSED, (name,), queue.account.paused
        gate = account_health.from_text(queue.account.health).breaker.gate
        for one in Gate:
            yield metrics.BREAKER, (name, one.value), one is gate
        account = self.side.mapping_loader.current.accounts.get(name)
        if account is not None:
            yield metrics.PACE, (name,), account.rate * pace.factor(queue.account.slow, now)
