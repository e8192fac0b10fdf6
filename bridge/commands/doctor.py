"""`leadbridge doctor`: what is wrong now, and what was looked at, one line each."""

from __future__ import annotations

from collections.abc import Callable

import click

from bridge.commands.diagnosis import remarks
from bridge.commands.language import said
from bridge.commands.output import Screen, json_array, printable, screen_of
from bridge.commands.remark import Remark
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings, SettingsError
from bridge.text.render import english

_COLORS = {"ok": "green", "warn": "yellow", "FAIL": "red"}


def doctor(load: Callable[[], Settings], *, as_json: bool) -> int:
    """Print what is well and what is not, broken settings among it; 1 where something fails."""
    try:
        settings = load()
    except SettingsError as error:
        about = Reason(ProblemCode.ABOUT_SETTINGS)
        _show([Remark("FAIL", about, one) for one in error.problems], Screen(), as_json=as_json)
        return 1
    found = list(remarks(settings))
    _show(found, screen_of(settings), as_json=as_json)
    return 1 if any(one.level == "FAIL" for one in found) else 0


def _show(found: list[Remark], screen: Screen, *, as_json: bool) -> None:
    """One line each, or a JSON array."""
    if as_json:
        rows = [
            {"level": one.level.lower(), "subject": english(one.about), "text": english(one.text)}
            for one in found
        ]
        click.echo(json_array(rows))
        return
    for one in found:
        level = screen.paint(f"{one.level:<4}", _COLORS[one.level])
        click.echo(f"{level}  {printable(f'{said(one.about)}: {said(one.text)}')}")
