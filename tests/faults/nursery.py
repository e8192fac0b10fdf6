"""Dispatcher processes by the hundred: forked from one that has imported everything already.

`python -m tests.faults.nursery` reads a line of JSON per process to start and answers with its id. What runs
in each is `leadbridge worker` from its settings on; only the second that importing it takes is saved.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
from typing import Any

from bridge import logs
from bridge.commands.dispatcher import dispatch_calls
from bridge.settings import load
from bridge.store.db.engine import postgres_module
from tests.faults import crashpoints

PR_SET_PDEATHSIG = 1


def main() -> None:
    postgres_module()
    for line in sys.stdin:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        pid = os.fork()
        if pid == 0:
            live(json.loads(line))
        print(pid, flush=True)


def live(asked: dict[str, Any]) -> None:
    """Be a dispatcher in the folder and with the environment that was asked for."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    log = os.open("log.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if asked["point"]:
        crashpoints.die_at(asked["point"], asked["passings"])
    code = 3
    try:
        logs.set_up("text")
        code = dispatch_calls(load())
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
