"""What a benchmark ran on, and its figures in columns."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

_SYNCS = 50


def machine(folder: Path) -> str:
    """Processor, system, how busy it is already, and what an fsync costs in the folder of the database."""
    return (
        f"{os.cpu_count()} cores ({_processor()}), {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"load average {os.getloadavg()[0]:.1f} before\n"
        f"{folder}: {file_system(folder, Path('/proc/mounts'))}, fsync p50 {fsync_cost(folder) * 1000:.2f} ms"
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def file_system(folder: Path, mounts: Path) -> str:
    """The type of the file system that holds the folder."""
    if not mounts.exists():
        return "unknown file system"
    path = str(folder.resolve()) + "/"
    held = [line.split()[1:3] for line in mounts.read_text().splitlines()]
    holding = [(point, kind) for point, kind in held if path.startswith(point.rstrip("/") + "/")]
    return max(holding, key=lambda mount: len(mount[0]), default=("", "unknown file system"))[1]


def fsync_cost(folder: Path) -> float:
    """Seconds that half of the fsyncs of a small append take at most."""
    probe = folder / "fsync-probe"
    took: list[float] = []
    with probe.open("wb", buffering=0) as file:
        for _ in range(_SYNCS):
            file.write(b"x" * 4096)
            began = perf_counter()
            os.fsync(file.fileno())
            took.append(perf_counter() - began)
    probe.unlink()
    return sorted(took)[_SYNCS // 2]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned to the right, the first to the left."""
    lines = [head, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in _rest(line, widths))])
        for line in lines
    )


def _rest(line: Sequence[str], widths: Sequence[int]) -> list[tuple[str, int]]:
    return list(zip(line[1:], widths[1:], strict=True))
