"""`make simulate`: many histories, on all processors. `--seed` tells one of them from beginning to end."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.history import History
from tests.simulation.known import Broken
from tests.simulation.memory import Memory
from tests.simulation.share import play_some

CHUNK = 50
MOST_TOLD = 3


def main() -> int:
    """Exit code 1 when a promise was broken; its history is told."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, help="tell this history and no other")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    if given.seed is not None:
        return tell(given.seed)
    return many(range(given.first, given.first + given.histories), given.jobs)


def tell(seed: int) -> int:
    """One history, line by line, however it ends."""
    history = History(seed, Memory())
    broken: BaseException | None = None
    try:
        history.unfold()
    except (Exception, Broken) as why:
        broken = why
    print("\n".join(history.story()))
    print(f"seed {seed}: {broken or 'every promise held'}")
    return 1 if broken else 0


def many(seeds: range, jobs: int) -> int:
    """All of them, a few dozen at a time per process; the first failures are told as they are met."""
    began, sums, told, done = time.monotonic(), Counter[str](), 0, 0
    chunks = [seeds[place : place + CHUNK] for place in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        for counts, failures in pool.map(play_some, chunks):
            sums.update(counts)
            for story in failures[: max(0, MOST_TOLD - told)]:
                print(story, end="\n\n", flush=True)
            told += len(failures)
            done += 1
            if done % 20 == 0:
                print(f"{sums['histories']} histories, {sums['broken']} broken", file=sys.stderr, flush=True)
    print(result(sums, time.monotonic() - began))
    return 1 if told else 0


def result(sums: Counter[str], seconds: float) -> str:
    """One line with the figures of a run."""
    words = ("histories", "broken", "calls", "attempts", "runs", "deaths", *ends())
    figures = ", ".join(f"{word} {sums[word]}" for word in words)
    return f"{figures}; {sums['histories'] / seconds:.1f} histories a second"


def ends() -> Iterator[str]:
    yield from ("done", "refused", "exhausted", "expired", "cancelled", "uncertain")


if __name__ == "__main__":
    sys.exit(main())
