"""Commands that need no database start without what a database needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bridge.commands.group import Sections
from bridge.main import leadbridge
from bridge.store.db.lock_files import FileLock
from tests.commands.conftest import Desk
from tests.support.processes import free_port
from tests.support.waiting import eventually

HEAVY = ("sqlalchemy", "alembic", "flask", "uvicorn", "requests")
ASK = f"""
import sys
from bridge.main import main
code = main(sys.argv[1:])
print(sorted(set({HEAVY}).intersection(sys.modules)))
sys.exit(code)
"""


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("test",),
        ("profiles",),
        ("schema",),
        ("--version",),
        ("run", "--help"),
        ("serve", "--help"),
        ("worker", "--help"),
        ("sandbox", "--help"),
    ],
)
def test_a_command_imports_what_it_needs(words: tuple[str, ...], desk: Desk) -> None:
    ran = subprocess.run([sys.executable, "-c", ASK, *words], cwd=desk.folder, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "[]"), ran.stderr


@pytest.mark.parametrize(
    ("verb", "others"),
    [
        ("events", []),
        ("calls", []),
        ("explain", []),
        ("replay", ["events"]),
        ("run", ["serve", "worker"]),
        ("worker", ["serve"]),
    ],
)
def test_a_verb_imports_itself_and_no_other(verb: str, others: list[str]) -> None:
    """`replay` has the filter of `events`; `run` starts what `serve` and `worker` do."""
    script = (
        "import sys; from bridge.main import leadbridge;"
        f"leadbridge.commands[{verb!r}];"
        "loaded = [one for one in leadbridge.commands if f'bridge.commands.{one}' in sys.modules];"
        "print(*loaded, 'requests' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert sorted(ran.stdout.split()) == sorted([verb, *others, "False"])


@pytest.mark.parametrize("seldom", ["alembic", "cryptography", "sqlalchemy.dialects.postgresql"])
def test_what_serves_and_sends_carries_nothing_that_is_seldom_needed(seldom: str) -> None:
    told = f"import sys, bridge.web.app, bridge.assemble.worker; print({seldom!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.parametrize("verb", ["run", "serve", "worker"])
def test_the_parent_of_the_processes_stays_small(verb: str) -> None:
    script = (
        f"import sys, bridge.commands.{verb}; "
        "print([one for one in ('asyncio', 'sqlalchemy', 'flask', 'requests', 'http') if one in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "[]\n"


def test_a_bridge_that_cannot_migrate_does_not_start(desk: Desk) -> None:
    environment = {**os.environ, "DATABASE_URL": "sqlite:////proc/no/such.db"}
    words = [sys.executable, "-m", "bridge", "run", "--port", str(free_port())]
    ran = subprocess.run(words, cwd=desk.folder, env=environment, capture_output=True, text=True, timeout=20)
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: the folder of the database /proc/no/such.db cannot be used")


def test_a_bridge_that_still_migrates_can_be_stopped(desk: Desk) -> None:
    """Another process holds the database: the migration waits for it."""
    path = desk.folder / "busy.db"
    lock = FileLock(path)
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{path}"}
    words = [sys.executable, "-m", "bridge", "run", "--port", str(free_port())]
    with lock.held(1.0), subprocess.Popen(words, cwd=desk.folder, env=environment) as process:
        assert eventually(lambda: "migrate" in commands_below(process.pid))
        process.terminate()
        assert process.wait(20) == 0
    lock.close()
    assert not path.exists()


def commands_below(pid: int) -> list[str]:
    """The words of the commands that a process has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [word for one in children for word in Path(f"/proc/{one}/cmdline").read_text().split("\0")]


def test_every_command_is_where_it_is_said_to_be() -> None:
    assert isinstance(leadbridge, Sections)
    names = [name for section in leadbridge.sections.values() for name in section]
    assert [leadbridge.commands[name].name for name in names] == names
    assert leadbridge.list_commands(click.Context(leadbridge)) == names
    assert "nonsense" not in leadbridge.commands
