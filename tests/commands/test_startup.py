"""Commands that need no database start without what a database needs."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from bridge.cli.common import Sections
from bridge.main import leadbridge
from tests.commands.conftest import Desk

HEAVY = ("sqlalchemy", "alembic", "flask", "gevent", "requests")
ASK = f"""
import sys
from bridge.main import main
code = main(sys.argv[1:])
print(sorted(set({HEAVY}).intersection(sys.modules)))
sys.exit(code)
"""


@pytest.mark.parametrize(
    "words", [("check",), ("test",), ("profiles",), ("schema",), ("--version",), ("run", "--help")]
)
def test_a_command_imports_what_it_needs(words: tuple[str, ...], desk: Desk) -> None:
    ran = subprocess.run([sys.executable, "-c", ASK, *words], cwd=desk.folder, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "[]"), ran.stderr


def test_what_serves_and_sends_carries_no_migrations() -> None:
    told = "import sys, bridge.web.app, bridge.assemble.worker; print('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True).stdout == "False\n"


def test_every_command_is_where_it_is_said_to_be() -> None:
    assert isinstance(leadbridge, Sections)
    names = [name for section in leadbridge.sections.values() for name in section]
    assert [leadbridge.commands[name].name for name in names] == names
    assert leadbridge.list_commands(click.Context(leadbridge)) == names
    assert "nonsense" not in leadbridge.commands
