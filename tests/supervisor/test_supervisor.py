from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.inherited import ENDED, OWNER
from bridge.supervisor.child import Child, Program
from bridge.supervisor.supervisor import Supervisor
from tests.support.processes import running
from tests.support.waiting import eventually

BEATING = """
import time
from bridge import heartbeat
heartbeat.begin()
while True:
    heartbeat.beat()
    time.sleep(0.05)
"""
HANGING = """
import time
from bridge import heartbeat
heartbeat.begin()
heartbeat.beat()

def hang():
    time.sleep(600)

hang()
"""
STUBBORN = (
    "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nfrom bridge import heartbeat\n"
    "heartbeat.beat()\nsignal.pause()"
)


def program(code: str, *, name: str = "child", takes_over: bool = False) -> Program:
    return Program(name, [sys.executable, "-c", code], dict(os.environ), takes_over=takes_over)


@contextmanager
def started(*programs: Program, silent: float = 30.0) -> Iterator[Supervisor]:
    supervisor = Supervisor(programs, silent=silent)
    for place in supervisor.places:
        place.start()
    try:
        yield supervisor
    finally:
        supervisor.shut_down(grace=1.0)


def child_of(supervisor: Supervisor, number: int = 0) -> Child:
    child = supervisor.places[number].child
    assert child
    return child


def another(supervisor: Supervisor, pid: int) -> Callable[[], bool]:
    """Whether another process than this one is up."""

    def is_up() -> bool:
        child = supervisor.places[0].child
        return child is not None and child.process.pid != pid and child.beaten

    return is_up


def test_a_child_that_dies_is_restarted_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with started(program(BEATING)) as supervisor:
        first = child_of(supervisor)
        first.process.kill()
        assert supervisor.watch(another(supervisor, first.process.pid), seconds=20)
    assert "child ended with signal SIGKILL; starting it again in 0.5 s" in caplog.messages


def test_restarts_slow_down_after_three_in_ten_minutes() -> None:
    now = 0.0
    supervisor = Supervisor([program("import os; os.kill(os.getpid(), 9)")], clock=lambda: now)
    (place,) = supervisor.places
    pauses = []
    for _ in range(10):
        place.start()
        child_of(supervisor).process.wait()
        supervisor.turn()
        pauses.append(place.restart_at - now)
        now = place.restart_at
    assert pauses == [0.5, 0.5, 0.5, 1, 2, 4, 8, 16, 30, 30]
    now += 601
    place.start()
    child_of(supervisor).process.wait()
    supervisor.turn()
    assert place.restart_at == now + 0.5


def test_a_child_that_cannot_start_ends_everything_with_its_exit_code() -> None:
    with started(program(BEATING), program("raise SystemExit(7)")) as supervisor:
        assert not supervisor.watch(seconds=20)
    assert supervisor.exit_code == 7


def test_a_child_that_cannot_start_again_after_a_reload_ends_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    code = f"import os\nif os.path.exists({str(broken)!r}): raise SystemExit(7)\n{BEATING}"
    with started(program(code)) as supervisor:
        assert supervisor.watch(lambda: supervisor.up, seconds=20)
        broken.touch()
        supervisor.reload()
        assert supervisor.watch(lambda: bool(supervisor.places[0].restart_at), seconds=20)
        broken.unlink()
        assert supervisor.watch(lambda: supervisor.up, seconds=20)


@pytest.mark.parametrize("takes_over", [False, True])
def test_a_process_for_which_the_machine_has_no_room_is_started_later(
    caplog: pytest.LogCaptureFixture, takes_over: bool
) -> None:
    with started(program(BEATING, takes_over=takes_over)) as supervisor:
        assert supervisor.watch(lambda: supervisor.up, seconds=20)
        first = child_of(supervisor).process
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, allowed[1]))
        try:
            supervisor.reload()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, allowed)
        assert supervisor.watch(lambda: supervisor.up, seconds=20)
        assert (child_of(supervisor).process is first) == takes_over
    assert any("cannot be started: Too many open files" in line for line in caplog.messages)


def test_processes_that_never_came_up_have_no_calls_to_recover() -> None:
    supervisor = Supervisor([program("raise SystemExit(7)")])
    (place,) = supervisor.places
    place.was_up = True
    place.start()
    child_of(supervisor).process.wait()
    supervisor.turn()
    assert place.restart_at
    assert not place.ended


def test_a_child_may_end_by_a_signal_without_a_name(caplog: pytest.LogCaptureFixture) -> None:
    supervisor = Supervisor([program("import os, signal; os.kill(os.getpid(), signal.SIGRTMIN + 1)")])
    supervisor.places[0].start()
    child_of(supervisor).process.wait()
    supervisor.turn()
    assert caplog.messages[0].startswith("child ended with signal 35; ")


def test_shutting_down_asks_first_and_kills_what_does_not_listen(caplog: pytest.LogCaptureFixture) -> None:
    with started(program(BEATING), program(STUBBORN)) as supervisor:
        assert supervisor.watch(lambda: supervisor.up, seconds=20)
        listens, stubborn = child_of(supervisor), child_of(supervisor, 1)
    assert listens.process.returncode == -signal.SIGTERM
    assert stubborn.process.returncode == -signal.SIGKILL
    assert "child did not stop in time and is killed" in caplog.messages


def test_a_child_that_hangs_writes_its_stacks_and_is_replaced(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    told = tmp_path / "told"
    code = f"""
import os, pathlib
path = pathlib.Path({str(told)!r})
path.write_text(path.read_text() + "|" + os.environ["{OWNER}"] + "," + os.environ["{ENDED}"] if path.exists()
    else os.environ["{OWNER}"])
{HANGING}"""
    with started(program(code), silent=0.5) as supervisor:
        first = child_of(supervisor)
        assert supervisor.watch(another(supervisor, first.process.pid), seconds=20)
    assert first.process.returncode == -signal.SIGKILL
    assert "in hang" in capfd.readouterr().err
    assert any(line.startswith("child has hung for") for line in caplog.messages)
    former, _, now = told.read_text().partition("|")
    assert former == first.owner
    assert now.partition(",")[2] == f"{first.owner}=watchdog"


def test_time_in_which_the_parent_did_not_run_either_kills_nobody() -> None:
    now = 0.0
    supervisor = Supervisor([program(BEATING)], clock=lambda: now)
    (place,) = supervisor.places
    place.start()
    child = child_of(supervisor)

    def is_up() -> bool:
        supervisor.turn()
        return child.beaten

    try:
        assert eventually(is_up)
        child.signal(signal.SIGSTOP)
        assert eventually(lambda: stopped(child.process.pid))
        supervisor.turn()
        for _ in range(60):
            now += 3600
            supervisor.turn()
        assert not child.dumped
        for _ in range(2):
            now += 3600
            supervisor.turn()
        assert child.dumped
        child.signal(signal.SIGCONT)
    finally:
        supervisor.shut_down()


def stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_what_takes_over_gets_ready_during_the_preparation_and_waits_for_its_end(tmp_path: Path) -> None:
    early, late = leaving_notes(tmp_path / "early", takes_over=True), leaving_notes(tmp_path / "late")

    def prepare(_stopping: Callable[[], bool]) -> int:
        assert eventually((tmp_path / "early.ready").exists)
        assert not (tmp_path / "late.ready").exists()
        assert not (tmp_path / "early.begun").exists()
        return 0

    supervisor = Supervisor([early, late], prepare=prepare)
    try:
        supervisor.start()
        for name in ("early.begun", "late.begun"):
            assert eventually((tmp_path / name).exists), name
    finally:
        supervisor.shut_down()


def test_nothing_begins_where_the_preparation_fails(tmp_path: Path) -> None:
    early, late = leaving_notes(tmp_path / "early", takes_over=True), leaving_notes(tmp_path / "late")
    supervisor = Supervisor(
        [early, late], prepare=lambda _: 0 if eventually((tmp_path / "late.ready").exists, 0.5) else 7
    )
    supervisor.start()
    child = child_of(supervisor)
    supervisor.shut_down()
    assert supervisor.exit_code == 7
    assert not child.running
    assert supervisor.places[1].child is None
    assert not (tmp_path / "early.begun").exists()


def leaving_notes(path: Path, *, takes_over: bool = False) -> Program:
    """A child that leaves a note when it is ready, and another when it may begin."""
    code = f"""
import pathlib, time
from bridge import heartbeat
pathlib.Path({str(path)!r} + ".ready").touch()
heartbeat.begin()
pathlib.Path({str(path)!r} + ".begun").touch()
time.sleep(60)
"""
    return program(code, name=path.name, takes_over=takes_over)


def test_a_reload_replaces_every_child(tmp_path: Path) -> None:
    """One that takes over only when the new one is up, the others one after another."""
    log = tmp_path / "log"
    with started(noted("web", log, takes_over=True), noted("worker", log)) as supervisor:
        assert supervisor.watch(lambda: supervisor.up, seconds=20)
        former = [child_of(supervisor, number) for number in (0, 1)]
        supervisor.reload()
        assert supervisor.watch(lambda: supervisor.up, seconds=20)
        assert not any(child.running for child in former)
    assert log.read_text().split()[2:6] == ["web", "web-ends", "worker-ends", "worker"]


def noted(name: str, log: Path, *, takes_over: bool = False) -> Program:
    """A child that notes its start and its graceful end."""
    code = f"""
import pathlib, signal, sys
from bridge import heartbeat

def note(word):
    with pathlib.Path({str(log)!r}).open("a") as file:
        file.write(word + "\\n")

def end(*_):
    note("{name}-ends")
    sys.exit(0)

signal.signal(signal.SIGTERM, end)
note("{name}")
{BEATING}"""
    return program(code, name=name, takes_over=takes_over)


def test_a_new_version_that_does_not_come_up_replaces_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script = tmp_path / "version.py"
    script.write_text(BEATING)
    one = Program("web", [sys.executable, str(script)], dict(os.environ), takes_over=True)
    with started(one) as supervisor:
        assert supervisor.watch(lambda: supervisor.up, seconds=20)
        former = child_of(supervisor)
        script.write_text("raise SystemExit(1)")
        supervisor.reload()
        assert child_of(supervisor) is former
        assert former.running
    assert "the new web did not come up: the former one goes on" in caplog.messages


PARENT = f"""
import os, sys
from bridge.supervisor.child import Program
from bridge.supervisor.supervisor import Supervisor
supervisor = Supervisor([Program("child", [sys.executable, "-c", {BEATING!r}], dict(os.environ))])
supervisor.start()
supervisor.watch(lambda: supervisor.up)
print(supervisor.places[0].child.process.pid, flush=True)
supervisor.watch()
supervisor.shut_down()
"""


@contextmanager
def parent() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process with one child, and the child's id."""
    words = [sys.executable, "-c", PARENT]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process, int(process.stdout.readline())
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_child_outlives_its_parent(number: signal.Signals) -> None:
    with parent() as (process, pid):
        assert running(pid)
        process.send_signal(number)
        process.wait(10)
    assert eventually(lambda: not running(pid))


def test_sighup_to_the_parent_replaces_the_child() -> None:
    with parent() as (process, pid):
        os.kill(pid, signal.SIGHUP)
        assert not eventually(lambda: not running(pid), seconds=0.3)
        process.send_signal(signal.SIGHUP)
        assert eventually(lambda: not running(pid), seconds=20)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        assert eventually(lambda: children.read_text().split(), seconds=20)
        assert process.poll() is None


INTERRUPTED = """
import os, signal, sys
from bridge.supervisor.supervisor import Supervisor

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


def test_a_reload_waits_until_the_first_processes_are_up() -> None:
    """Else a wait for them could end without having seen them."""
    with started(program(BEATING)) as supervisor:
        first = child_of(supervisor)
        supervisor.asked_to_reload = True
        assert supervisor.watch(lambda: supervisor.up, seconds=20)
        assert child_of(supervisor) is first
        assert supervisor.asked_to_reload
