"""`leadbridge backtest`: what edited rules would have made of stored events. Nothing is sent or stored."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import click

from bridge.commands.backtested import backtest_record, told
from bridge.commands.opening import opened
from bridge.commands.output import OPTION, say, screen_of
from bridge.mapping.author.differences import Kind
from bridge.operations import backtest
from bridge.operations.backtest import Mappings, Sides
from bridge.operations.filters import AskedEvents
from bridge.operations.mapping_files import compile_named, sound, unknown_source
from bridge.operations.redact_stored import shown_backtest
from bridge.operations.words import counted, json_text
from bridge.settings import Settings

Against: TypeAlias = Literal["rules", "calls"]

SAME = "the files are those of the mapping folder: --against calls compares them with what was called"


@dataclass(frozen=True, slots=True)
class How:
    """Which events, beside what, and which differences make the run fail."""

    source: str | None = None
    since: str = "7d"
    limit: int = 100_000
    """Of the newest events."""
    against: Against | None = None
    """None: the current rules where files are named, else the calls."""
    fail_on: frozenset[Kind] = frozenset()


def run(settings: Settings, files: Sequence[str], how: How, *, as_json: bool) -> int:
    """Print what the named files, or the mapping folder, would have made otherwise; 1 where that fails.

    Beside them stand the rules of the mapping folder, or with `against` calls what was really called.
    """
    edited = _chosen(sound(compile_named(settings, files), files).sources, how.source)
    by_rules = (how.against or ("rules" if files else "calls")) == "rules"
    current = sound(compile_named(settings, ())).sources if by_rules else None
    sides = Sides(edited, current)
    began = time.monotonic()
    with opened(settings) as store:
        with store.read() as connection:
            wanted = AskedEvents(source=how.source, since=how.since).at(store.now(connection), OPTION)
        found = backtest.run(store, wanted, how.limit, sides)
        with store.read() as connection:
            found = shown_backtest(connection, found, current or edited)
    took = time.monotonic() - began
    if as_json:
        click.echo(json_text(backtest_record(found)))
    else:
        for line in told(found, screen_of(settings)):
            click.echo(line)
    differing = f"{counted(found.events, 'event')}, {found.differing:,} with differences, {took:.1f} s"
    say(differing + ("; " + SAME if sides.same else ""))
    return 1 if any(found.total.kinds[kind] for kind in how.fail_on) else 0


def _chosen(edited: Mappings, source: str | None) -> Mappings:
    if source is None:
        return edited
    if source not in edited:
        raise unknown_source(source, edited)
    return {source: edited[source]}
