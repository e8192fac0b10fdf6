"""Counts what the dispatcher reports of its rounds. The dispatcher does not import this module."""

from __future__ import annotations

from collections import Counter

from bridge.dispatch.round import Round
from bridge.web import metrics
from bridge.web.counting import Counted


class DispatchMeters:
    """Hands each number to its metric."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted

    def round(self, done: Round) -> None:
        """Calls were settled, and their steps are on disk."""
        tried = Counter([(one.call.start.account, one.outcome) for one in done.results])
        for (account, outcome), many in tried.items():
            self._counted(metrics.ATTEMPTS, account, outcome.value).inc(many)
        for one in done.results:
            if one.ended_after is not None:
                self._counted(metrics.DISPATCH, one.call.start.account).observe(one.ended_after / 1000)
        for name, probe in done.probed:
            self._counted(metrics.PROBES, name, "passed" if probe.passed else "failed").inc()
        if done.dropped:
            self._counted(metrics.DROPPED).inc(done.dropped)
