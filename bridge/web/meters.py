"""Counts what intake and writer report. They do not import this module."""

from __future__ import annotations

from bridge.web import metrics
from bridge.web.counting import Counted
from bridge.web.metrics import UNKNOWN


class Meters:
    """Hands each number to its metric. Sources are the owner's own names, so their number is bounded."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted
        self._ack = counted(metrics.ACK)
        self._batch = counted(metrics.BATCH)
        self._commit = counted(metrics.COMMIT)

    def webhook(self, source: str, status: int, results: tuple[str, ...], seconds: float | None) -> None:
        """One webhook was answered; as `intake.Observe` says."""
        source = source or UNKNOWN
        self._counted.count(metrics.RECEIVED, source)
        if seconds is not None:
            self._ack.observe(seconds)
        if status == 503:
            self._counted.count(metrics.BUSY, source, results[0])
        elif status >= 400:
            self._counted.count(metrics.REFUSED, source, str(status))
        else:
            for result in results:
                self._counted.count(metrics.EVENTS, source, result)

    def batch(self, webhooks: int, seconds: float) -> None:
        """One commit is on disk; as `writer.Observe` says."""
        self._batch.observe(webhooks)
        self._commit.observe(seconds)
