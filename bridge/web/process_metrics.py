"""Measures the processes of one bridge on this machine with /proc. Each registers itself in a folder."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.web import metrics
from bridge.web.metrics import Sample

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_CPU_FIELDS = slice(11, 13)
_PAGES_FIELD = 21
"""Positions in /proc/PID/stat after the name: user and system time, resident pages."""


@dataclass(slots=True)
class Usage:
    """The sum of what processes use."""

    processes: int = 0
    memory: int = 0
    cpu: float = 0.0
    files: int = 0


def enter(folder: str, kind: str) -> None:
    """Register this process as a `kind`, "web" or "dispatcher"."""
    (Path(folder) / f"{kind}.{os.getpid()}.pid").touch()


def samples(folder: str) -> Iterator[Sample]:
    """What the registered processes use, by kind. Removes those that have ended."""
    usage: defaultdict[str, Usage] = defaultdict(Usage)
    for mark in sorted(Path(folder).glob("*.pid")):
        kind, pid, _ = mark.name.split(".")
        if (Path("/proc") / pid).exists():
            with contextlib.suppress(OSError):
                _add(usage[kind], Path("/proc") / pid)
        else:
            mark.unlink(missing_ok=True)
    for kind, used in usage.items():
        yield from _samples(kind, used)


def of_this(kind: str) -> list[Sample]:
    """The same for this process alone, if there is no folder."""
    usage = Usage()
    with contextlib.suppress(OSError):
        _add(usage, Path("/proc/self"))
    return list(_samples(kind, usage))


def _samples(kind: str, used: Usage) -> Iterator[Sample]:
    yield metrics.PROCESSES, (kind,), used.processes
    yield metrics.MEMORY, (kind,), used.memory
    yield metrics.CPU, (kind,), used.cpu
    yield metrics.FILES, (kind,), used.files


def _add(used: Usage, process: Path) -> None:
    """Raises OSError if there is no such process."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    files = len(os.listdir(process / "fd"))
    used.processes += 1
    used.cpu += sum(map(int, fields[_CPU_FIELDS])) / _TICKS
    used.memory += int(fields[_PAGES_FIELD]) * _PAGE
    used.files += files
