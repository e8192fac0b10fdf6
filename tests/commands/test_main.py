"""The command line itself: help, exit codes, and what it does when its reader leaves."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bridge.main import leadbridge
from tests.commands.conftest import Desk, Office
from tests.support.processes import ROOT


def commands(group: click.Group, *before: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*before, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)


EVERY = dict(commands(leadbridge))


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line in a shell that finds this program as `leadbridge`."""
    program = folder / "bin" / "leadbridge"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bridge "$@"\n')
    program.chmod(0o755)
    kept = {"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=kept,
        capture_output=True,
        encoding=environment.get("PYTHONIOENCODING", "utf-8"),
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_help_says_what_a_command_does_with_an_example(desk: Desk, words: tuple[str, ...]) -> None:
    ran = desk.run(*words, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert "Example" in ran.out
    assert f"  leadbridge {' '.join(words)}" in ran.out
    assert desk.run(*words, "-h").out == ran.out


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_option_has_a_help_text(words: tuple[str, ...]) -> None:
    options = [one for one in EVERY[words].params if isinstance(one, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_the_help_lists_every_command_in_its_section(desk: Desk) -> None:
    out = desk.run("--help").out
    for heading in ("Run it:", "Write rules:", "Look:", "Decide:"):
        assert heading in out
    listed = re.findall(r"^  ([a-z]+)  ", out, re.MULTILINE)
    assert listed == list(leadbridge.list_commands(click.Context(leadbridge)))
    assert set(listed) == set(leadbridge.commands)


def test_the_version_is_printed(desk: Desk) -> None:
    assert desk.run("--version").out.startswith("leadbridge, version ")


@pytest.mark.parametrize(
    "words", [("nonsense",), ("events", "--nonsense"), ("explain",), ("explain", "x"), ("resolve", "1")]
)
def test_wrong_words_are_a_usage_error(desk: Desk, words: tuple[str, ...]) -> None:
    ran = desk.run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: leadbridge ")


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (
            ("events",),
            ["id", "source", "key", "type", "received_at", "result", "verified", "client", "error"],
        ),
        (
            ("calls",),
            ["id", "event", "source", "rule", "item", "account", "recipient", "bot_id", "variables"],
        ),
        (("check",), ["path", "line", "column", "code", "level", "message"]),
        (("test",), ["file", "line", "name", "passed", "differences", "starts", "failed"]),
    ],
)
def test_help_names_the_keys_of_json_that_are_there(
    office: Office, words: tuple[str, ...], keys: list[str]
) -> None:
    office.webhook()
    office.write("mappings/other.yml", "source: other\nverify: none\nevent: {id: $.id}\n")
    (row, *_) = office.run(*words, "--json").json
    documented = " ".join(office.run(*words, "--help").out.split()).partition("Keys of --json: ")[2]
    assert list(row)[: len(keys)] == keys
    assert [key for key in row if not re.search(rf"\b{key}\b", documented)] == []


def test_a_bug_is_reported_as_one_and_ends_with_3(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> int:
        raise RuntimeError("the unexpected")

    monkeypatch.setattr("bridge.commands.check.check_files", broken)
    ran = desk.run("check")
    assert ran.code == 3
    assert ran.err.endswith("this is a bug in leadbridge; please report it with the lines above\n")
    assert "the unexpected" in ran.err


def test_an_interrupt_ends_with_130(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("bridge.commands.check.check_files", interrupted)
    assert desk.run("check").code == 130


def hear_ctrl_c() -> None:
    """A suite in the background of a shell ignores Ctrl-C, and so would every process that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_while_reading_stdin_is_quiet(desk: Desk) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "try", "shop", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=desk.folder,
        preexec_fn=hear_ctrl_c,
    )
    with process:
        assert process.stdin
        # More than a pipe holds: when it is written, the command is reading and waits for the end.
        process.stdin.write(b"{" + b" " * 200_000)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err


def test_a_reader_that_leaves_is_no_error(desk: Desk) -> None:
    big = "[" + ",".join(str(number) for number in range(60_000)) + "]"
    desk.write("big.json", f'{{"id": "1", "list": {big}}}')
    ran = shell("leadbridge try shop big.json | head -1; echo ${PIPESTATUS[0]}", desk.folder)
    assert (ran.stdout.splitlines(), ran.stderr) == (["event 1 of 1: id 1", "0"], "")


def test_a_terminal_that_lacks_a_letter_gets_its_escape(desk: Desk) -> None:
    name = desk.payload(name="Мария 🎉")
    ran = shell(f"leadbridge try shop {name}", desk.folder, PYTHONIOENCODING="koi8-r")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "variable[hello] = Привет, Мария \\U0001f389" in ran.stdout


@pytest.mark.parametrize(
    ("environment", "colours"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=["colour terminal", "NO_COLOR", "dumb terminal"],
)
def test_colours_are_for_terminals_whose_user_wants_them(
    desk: Desk, environment: dict[str, str], colours: bool
) -> None:
    line = f"script -qec 'leadbridge try shop {desk.payload()}' /dev/null"
    ran = shell(line, desk.folder, **{"TERM": "xterm", **environment})
    if ran.returncode == 127:
        pytest.skip("script, which makes a terminal, is not installed")
    assert ("\x1b[32m" in ran.stdout) is colours, ran.stdout


def test_a_pipe_gets_no_colours(desk: Desk) -> None:
    assert "\x1b" not in desk.run("try", "shop", desk.payload()).out
