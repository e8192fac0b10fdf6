"""The group of all verbs: a verb is imported when it is called, and the help lists verbs under headings."""

from __future__ import annotations

import os
import sys
from collections import UserDict
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

import click


class Sections(click.Group):
    """A group whose help lists its commands under headings, in a given order."""

    sections: Mapping[str, Mapping[str, str]] = MappingProxyType({})

    def arrange(self, sections: Mapping[str, Mapping[str, str]]) -> None:
        """Add commands under their headings: each name with its place, `module:attribute`."""
        self.sections = sections
        self.commands = _WhenCalled({name: at for one in sections.values() for name, at in one.items()})

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. A closed pipe, as in `leadbridge events | head`, is no error."""
        try:
            result: object = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python flushes stdout when it exits, and would report the error again.
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


class _WhenCalled(UserDict[str, click.Command]):
    """Commands by name, each imported when it is looked up: a verb loads only what it needs."""

    def __init__(self, places: Mapping[str, str]) -> None:
        super().__init__()
        self.places = places

    def __getitem__(self, name: str) -> click.Command:
        module, _, attribute = self.places[name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def __contains__(self, name: object) -> bool:
        return name in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)
