"""What a tree of processes uses, as /proc tells it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

_TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and everything below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def cpu(pids: list[int]) -> float:
    """Seconds of processor time that they and their dead children have used."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / _TICKS


def memory(pids: list[int]) -> float:
    """MB that they hold: what several share counts once in all (PSS)."""
    return sum(_pss(pid) for pid in pids) / 1024


def _pss(pid: int) -> int:
    with suppress(OSError):
        for line in (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def name_of(pid: int) -> str:
    """What it was started as."""
    with suppress(OSError):
        return (Path("/proc") / str(pid) / "cmdline").read_text().replace("\0", " ").strip()
    return ""


@dataclass(slots=True)
class Watched:
    """The most that was seen."""

    memory: float = 0.0
    """MB of PSS."""


def watching(pids: Callable[[], list[int]], every: float = 1.0) -> tuple[Watched, Callable[[], None]]:
    """Look at the memory of processes again and again; the second value ends it."""
    seen, stop = Watched(), Event()

    def run() -> None:
        while not stop.wait(every):
            seen.memory = max(seen.memory, memory(pids()))

    thread = Thread(target=run, daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join()

    return seen, end
