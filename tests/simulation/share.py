"""One process's share of a long run."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from tests.simulation.history import Failure, play
from tests.simulation.memory import Memory


def play_some(seeds: Sequence[int]) -> tuple[Counter[str], list[str]]:
    """These histories: what happened in sum, and the stories of those that failed."""
    logging.disable(logging.CRITICAL)
    memory, counts, failures = Memory(), Counter[str](), list[str]()
    for seed in seeds:
        counts["histories"] += 1
        try:
            told = play(seed, memory)
        except Failure as failure:
            counts["broken"] += 1
            failures.append(str(failure))
            continue
        counts.update(told.states)
        counts.update(calls=told.calls, attempts=told.attempts, runs=told.runs, deaths=told.deaths)
    memory.close()
    return counts, failures
