"""Output to a terminal: escaped text, tables that fit its width, colours; and JSON."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import click

from bridge.commands.show.language import said
from bridge.errors import BridgeError
from bridge.model import Json
from bridge.operations.words import json_text
from bridge.reasons.commands import CommandCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.text.catalogue import THIN

OPTION = "--"
"""The prefix of an option's name."""
GAP = "  "
_NARROWEST = 8
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Screen:
    """The output: a terminal with a width, or a pipe, whose lines are not cut."""

    width: int | None = None
    color: bool = False

    def paint(self, text: str, color: str) -> str:
        """The text in a colour, if the terminal has colours and its user wants them."""
        return click.style(text, fg=color) if self.color else text


def screen_of(settings: Settings) -> Screen:
    """The screen of stdout. Respects NO_COLOR (no-color.org) and dumb terminals."""
    if not sys.stdout.isatty():
        return Screen()
    environment = settings.environment
    plain = bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"
    return Screen(shutil.get_terminal_size().columns, not plain)


def printable(text: str) -> str:
    """The text on one line. Escapes characters that could move the cursor or reverse the line."""
    if text.isprintable():
        return text
    # Numbers of some languages have a narrow space between their digits.
    return "".join(char if char.isprintable() or char == THIN else _escape(char) for char in text)


def json_array(rows: Iterable[Json]) -> str:
    """A JSON array with one element a line."""
    lines = ",\n".join(json_text(row) for row in rows)
    return f"[\n{lines}\n]" if lines else "[]"


def say(text: str) -> None:
    """Print a line to stderr."""
    click.echo(text, err=True)


def say_error(error: BridgeError) -> None:
    """Print an error and its cure to stderr, in this process's language."""
    say(printable(said(Reason(CommandCode.ERROR, what=error.reason))))
    if error.cure:
        say(printable(said(Reason(CommandCode.HINT, what=error.cure))))


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    """Aligned lines, headers first. Cuts the widest columns until a line fits `width`."""
    cells = [list(headers), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(columns(row[index]) for row in cells) for index in range(len(headers))]
    if width is not None:
        widths = _fitting([min(one, width) for one in widths], width)
    for row in cells:
        padded = (_pad(_cut(cell, room), room) for cell, room in zip(row, widths, strict=True))
        yield GAP.join(padded).rstrip()


def columns(text: str) -> int:
    """How many columns of a terminal the text takes: ideographs and emoji take two, accents none."""
    return sum(_columns_of(char) for char in text)


def _fitting(widths: list[int], width: int) -> list[int]:
    widths = list(widths)
    spare = width - len(GAP) * (len(widths) - 1)
    while sum(widths) > spare:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= _NARROWEST:
            return widths
        widths[widest] -= 1
    return widths


def _cut(text: str, room: int) -> str:
    if columns(text) <= room:
        return text
    kept, used = "", columns(_ELLIPSIS)
    for char in text:
        used += _columns_of(char)
        if used > room:
            break
        kept += char
    return kept + _ELLIPSIS


def _pad(text: str, room: int) -> str:
    return text + " " * (room - columns(text))


def _columns_of(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _escape(char: str) -> str:
    return repr(char)[1:-1]
