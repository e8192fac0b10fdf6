"""Python imports this at its start in every process of the contender: a thread that sleeps 1 ms at a time.

It writes each gap of more than 2 ms as a line into the folder BENCHMARK_TICKER: the moment at which it
ended, in monotonic seconds; its length; and the processor time that the process used in it. A gap shows that
no thread could run Python code: because one of them did not let go, or because the machine was busy. In the
latter case the process used less processor time than that.
"""

from __future__ import annotations

import os
from _thread import start_new_thread
from time import monotonic, process_time, sleep

_SHORTEST = 0.002


def _tick() -> None:
    path = os.path.join(os.environ["BENCHMARK_TICKER"], str(os.getpid()))
    before, used = monotonic(), process_time()
    with open(path, "a", buffering=1) as file:
        while True:
            sleep(0.001)
            now = monotonic()
            if now - before > _SHORTEST:
                file.write(f"{now} {now - before} {process_time() - used}\n")
                now = monotonic()
            before, used = now, process_time()


def _start() -> None:
    start_new_thread(_tick, ())


_start()
os.register_at_fork(after_in_child=_start)
