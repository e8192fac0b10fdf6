"""Counting for Prometheus, alone or together with other processes. The only user of prometheus_client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from bridge.web.metrics import COUNTED, Metric, Sample

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


class Counted:
    """The metrics that this process counts itself.

    Where PROMETHEUS_MULTIPROC_DIR was set before this module was loaded, they are kept in that directory
    together with those of the other processes; else in this process.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._kept: dict[tuple[str, ...], Any] = {}
        self._made = {metric.name: _made(metric, self.registry) for metric in COUNTED}

    def __call__(self, metric: Metric, *labels: str) -> Any:
        """Where to count: it has `inc` and `observe`."""
        key = (metric.name, *labels)
        kept = self._kept.get(key)
        if kept is None:
            made = self._made[metric.name]
            kept = self._kept[key] = made.labels(*labels) if labels else made
        return kept

    def count(self, metric: Metric, *labels: str) -> None:
        """Count one more."""
        self(metric, *labels).inc()


def _made(metric: Metric, registry: CollectorRegistry) -> Any:
    if metric.kind == "histogram":
        return Histogram(metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=registry)
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


class LookedUp(Collector):
    """Samples that are made at each scrape."""

    def __init__(self, samples: Callable[[], Iterable[Sample]]) -> None:
        self.samples = samples

    def collect(self) -> Iterator[Family]:
        found: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for metric, labels, value in self.samples():
            family = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            if metric.name not in found:
                found[metric.name] = family(metric.name, metric.help, labels=metric.labels)
            found[metric.name].add_metric(labels, value)
        yield from found.values()


class OfAllProcesses(Collector):
    """What all processes of this folder counted.

    A process creates its file empty and fills it a moment later. The library's own collector fails on such a
    file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def collect(self) -> Iterable[Family]:
        filled = [str(file) for file in self.folder.glob("*.db") if file.stat().st_size]
        merged: Iterable[Family] = MultiProcessCollector.merge(filled)  # type: ignore[no-untyped-call]
        return merged


def page(folder: str, samples: Callable[[], Iterable[Sample]], counted: Counted) -> bytes:
    """The text of `/metrics`: what the processes counted, and these samples."""
    registry = CollectorRegistry()
    registry.register(LookedUp(samples))
    if folder:
        registry.register(OfAllProcesses(Path(folder)))
        return generate_latest(registry)
    return generate_latest(counted.registry) + generate_latest(registry)
