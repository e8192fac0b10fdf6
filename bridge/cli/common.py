"""What the groups of commands share."""

from __future__ import annotations

import logging
import os
import sys
from collections import UserDict
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from bridge import logs, settings

port = click.IntRange(1, 65535)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of text.")
files = click.argument("files", nargs=-1, type=click.Path(exists=True))
WHEN = "a span such as 90m or 7d, or a time such as 22:00 or 2026-05-10T14:30 (UTC)"
"""What options for a point in time take."""


def loaded(level: int = logging.INFO) -> settings.Settings:
    """The settings, with logging set up as they say."""
    given = settings.load()
    logs.set_up(given.log)
    logging.root.setLevel(level)
    return given


def lasting() -> settings.Settings:
    """The settings for a process that lives on: only its user may read what it writes."""
    os.umask(0o077)
    return loaded()


def quiet() -> settings.Settings:
    """The settings for a command that answers and ends: only warnings are logged."""
    return loaded(logging.WARNING)


def silent() -> settings.Settings:
    """The settings for a command that tells all trouble itself."""
    return loaded(logging.CRITICAL)


def called(place: str) -> Any:
    """What stands at `module:attribute`, imported now: for what most calls of the program do not need."""
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


class _WhenCalled(UserDict[str, click.Command]):
    """Commands by name, each imported when it is asked for: most need little of what all of them need."""

    def __init__(self, places: Mapping[str, str]) -> None:
        super().__init__()
        self.places = places

    def __getitem__(self, name: str) -> click.Command:
        command: click.Command = called(self.places[name])
        return command

    def __contains__(self, name: object) -> bool:
        return name in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


class Sections(click.Group):
    """A group whose help lists its commands under headings, in the order in which they are met."""

    sections: Mapping[str, Mapping[str, str]] = MappingProxyType({})

    def arrange(self, sections: Mapping[str, Mapping[str, str]]) -> None:
        """Add commands under their headings: by name, where each is found as `module:attribute`."""
        self.sections = sections
        self.commands = _WhenCalled({name: at for one in sections.values() for name, at in one.items()})

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. `leadbridge events | head` is no error: its reader has enough."""
        try:
            result: object = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python would complain once more when it flushes at its end.
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), sys.stdout.fileno())
            return 0
        return result

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """By section, not by alphabet."""
        return list(self.commands)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One list per section."""
        for heading, names in self.sections.items():
            with formatter.section(heading):
                room = formatter.width - 20
                formatter.write_dl([(name, self.commands[name].get_short_help_str(room)) for name in names])
