"""Options that several verbs share, and the settings that a verb runs with."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from bridge import logs, settings
from bridge.commands.show.output import OPTION
from bridge.errors import UsageError
from bridge.operations.authoring.payload import Payload, read_headers
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason

F = TypeVar("F", bound=Callable[..., Any])

WHEN = "a span such as 90m or 7d, or a time such as 22:00 or 2026-05-10T14:30 (UTC)"
"""The values of options for a point in time."""

port = click.IntRange(1, 65535)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
files = click.argument("files", nargs=-1, type=click.Path(exists=True))
why = click.option("--why", default="", metavar="TEXT", help="The reason, for the audit log.")


def paged(command: F) -> F:
    """Add the options of a list that is printed a page at a time."""
    many = click.IntRange(1, 1000)
    return with_options(
        command,
        click.option("--limit", type=many, default=50, show_default=True, help="At most this many."),
        click.option("--before", type=click.IntRange(1), metavar="ID", help="Only those with smaller ids."),
        as_json,
    )


def with_options(command: F, *options: Callable[[F], F]) -> F:
    """Add these options to the command, in the order in which the help lists them."""
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class PayloadFile:
    """A file with a raw body, and the headers, query and method that options add to it."""

    file: str
    """`-` is stdin."""
    headers: Sequence[str] = ()
    """Each as `Name: value`."""
    query: str = ""
    method: str | None = None

    def read(self) -> Payload:
        """Read the file; raises UsageError."""
        headers = read_headers(self.headers, f"{OPTION}header")
        return Payload(_read(self.file), headers, self.query, self.method)


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        reason = Reason(ErrorCode.UNREADABLE, path=name, detail=error.strerror)
        raise UsageError(reason) from error


def loaded(level: int = logging.INFO) -> settings.Settings:
    """Load the settings and set up logging as they say."""
    given = settings.load()
    logs.set_up(given.log)
    logging.root.setLevel(level)
    return given


def lasting() -> settings.Settings:
    """The settings of a long-running process. What it writes is readable for its own user only."""
    os.umask(0o077)
    _open_standard_files()
    return loaded()


def _open_standard_files() -> None:
    """Open stdin, stdout and stderr if they are closed: else a socket gets their number, and then output."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def quiet() -> settings.Settings:
    """The settings of a command that prints a result and ends: it logs only warnings."""
    return loaded(logging.WARNING)


def silent() -> settings.Settings:
    """The settings of a command that prints every problem itself: it logs no warnings and no errors."""
    return loaded(logging.CRITICAL)
