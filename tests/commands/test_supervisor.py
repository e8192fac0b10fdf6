import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bridge.commands.supervisor import Child, Supervisor
from tests.support.waiting import eventually

SLEEPER = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
)


def child(code: str) -> Child:
    return Child("child", [sys.executable, "-c", code], dict(os.environ))


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_child_that_dies_is_started_again_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    one = child(SLEEPER)
    supervisor = Supervisor([one])
    one.start(time.monotonic())
    assert one.process
    first = one.process.pid
    one.process.kill()

    def again() -> bool:
        return one.running and one.process is not None and one.process.pid != first

    try:
        assert supervisor.watch(again, seconds=10)
    finally:
        supervisor.shut_down()
    assert "child ended with signal SIGKILL; starting it again in 0.5 s" in caplog.messages


def test_the_pause_before_a_restart_doubles_up_to_half_a_minute() -> None:
    now = 0.0
    one = child("raise SystemExit(1)")
    supervisor = Supervisor([one], clock=lambda: now)
    pauses = []
    for _ in range(9):
        one.start(now)
        assert one.process
        one.process.wait()
        supervisor.restart_if_ended(one, now)
        pauses.append(one.restart_at - now)
        now, one.restart_at = one.restart_at, 0.0
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_child_that_ran_well_for_a_minute_is_restarted_at_once() -> None:
    now = 0.0
    one = child("raise SystemExit(1)")
    supervisor = Supervisor([one], clock=lambda: now)
    one.failures = 7
    one.start(now)
    assert one.process
    one.process.wait()
    now = 61.0
    supervisor.restart_if_ended(one, now)
    assert one.restart_at == 61.5


def test_shutting_down_asks_first_and_kills_what_does_not_listen(caplog: pytest.LogCaptureFixture) -> None:
    listens, stubborn = child(SLEEPER), child(STUBBORN)
    supervisor = Supervisor([listens, stubborn])
    for one in supervisor.children:
        one.start(time.monotonic())
    assert stubborn.process
    wait_for_handler(stubborn.process.pid)
    supervisor.shut_down(grace=0.5)
    assert listens.process
    assert listens.process.returncode == -signal.SIGTERM
    assert stubborn.process.returncode == -signal.SIGKILL
    assert "child did not stop in time and is killed" in caplog.messages


def test_an_early_child_gets_ready_during_the_first_step_and_waits_for_its_end(tmp_path: Path) -> None:
    early, late = leaving_notes(tmp_path / "early", early=True), leaving_notes(tmp_path / "late")
    supervisor = Supervisor([early, late])

    def before() -> int:
        assert eventually((tmp_path / "early.ready").exists)
        assert not (tmp_path / "late.ready").exists()
        assert not (tmp_path / "early.begun").exists()
        return 0

    try:
        assert supervisor.start(before) == 0
        for name in ("early.begun", "late.begun"):
            assert eventually((tmp_path / name).exists), name
    finally:
        supervisor.shut_down()


def test_nothing_begins_where_what_comes_first_fails(tmp_path: Path) -> None:
    early, late = leaving_notes(tmp_path / "early", early=True), leaving_notes(tmp_path / "late")
    supervisor = Supervisor([early, late])
    assert supervisor.start(lambda: 0 if eventually((tmp_path / "late.ready").exists, 0.5) else 7) == 7
    supervisor.shut_down()
    assert not early.running
    assert late.process is None
    assert not (tmp_path / "early.begun").exists()


def leaving_notes(path: Path, *, early: bool = False) -> Child:
    """A child that leaves a note when it is ready, and another when it may begin."""
    code = f"""
import pathlib, sys, time
pathlib.Path({str(path)!r} + ".ready").touch()
sys.stdin.read()
pathlib.Path({str(path)!r} + ".begun").touch()
time.sleep(60)
"""
    return Child(path.name, [sys.executable, "-c", code], dict(os.environ), early=early)


def wait_for_handler(pid: int) -> None:
    """Until the process ignores SIGTERM, as its status in /proc shows."""

    def ignored() -> int:
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in status if line.startswith("SigIgn")).split()[1], 16)

    assert eventually(lambda: ignored() & 1 << (signal.SIGTERM - 1))


PARENT = f"""
import os, sys, time
from bridge.commands.supervisor import Child, Supervisor
supervisor = Supervisor([Child("child", [sys.executable, "-c", {SLEEPER!r}], dict(os.environ))])
supervisor.start()
print(supervisor.children[0].process.pid, flush=True)
supervisor.watch()
supervisor.shut_down()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_child_outlives_its_parent(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.send_signal(number)
        parent.wait(10)
    assert eventually(lambda: not alive(pid))


INTERRUPTED = """
import os, signal, sys
from bridge.commands.supervisor import Supervisor

def interrupt(at):
    lines = 0
    def trace(_frame, event, _arg):
        nonlocal lines
        lines += event == "line"
        if lines == at:
            os.kill(os.getpid(), signal.SIGTERM)
        return trace
    return trace

for at in range(1, 15):
    one = Supervisor([])
    one.start()
    sys.settrace(interrupt(at))
    one.watch(seconds=5)
    sys.settrace(None)
    assert one.stopping, at
"""


def test_a_stop_signal_at_any_line_of_the_watch_ends_it() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], timeout=30)
    assert done.returncode == 0
