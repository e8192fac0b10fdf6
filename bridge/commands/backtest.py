"""`leadbridge backtest`: what edited rules would have made of stored events. Nothing is sent or stored."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import click

from bridge.commands.backtested import backtest_record, told
from bridge.commands.events import Asked
from bridge.commands.mappings import compile_named, errors
from bridge.commands.opening import opened
from bridge.commands.output import counted, json_text, printable, say, screen_of
from bridge.errors import BridgeError, UsageError
from bridge.language.schema import suggestion
from bridge.mapping.backtest import Past, backtest
from bridge.mapping.differences import Kind
from bridge.mapping.rules import MappingFile, apply_silently
from bridge.model import Application, Event
from bridge.settings import Settings
from bridge.store.engine import Store
from bridge.store.event_views import EventFilter
from bridge.store.past import before_newest, past_events

Against: TypeAlias = Literal["rules", "calls"]
Mappings: TypeAlias = Mapping[str, MappingFile]

SAME = "the files are those of the mapping folder: --against calls compares them with what was called"

_AT_ONCE = 500
_NOTHING = Application((), (), ())


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
    edited = _chosen(_sound(settings, files), how.source)
    by_rules = (how.against or ("rules" if files else "calls")) == "rules"
    current = _sound(settings, ()) if by_rules else None
    began = time.monotonic()
    with opened(settings) as store:
        with store.read() as connection:
            wanted = Asked(source=how.source, since=how.since).at(store.now(connection))
        found = backtest(_past(store, _of_one(wanted, edited), how.limit, edited, current), edited)
    took = time.monotonic() - began
    if as_json:
        click.echo(json_text(backtest_record(found)))
    else:
        for line in told(found, screen_of(settings)):
            click.echo(line)
    differing = f"{counted(found.events, 'event')}, {found.differing:,} with differences, {took:.1f} s"
    say(differing + ("; " + SAME if current is not None and _same(edited, current) else ""))
    return 1 if any(found.total.kinds[kind] for kind in how.fail_on) else 0


def _sound(settings: Settings, files: Sequence[str]) -> Mappings:
    """The mapping files, by source; raises BridgeError where any has an error."""
    compiled = compile_named(settings, files)
    broken = errors(compiled)
    if broken:
        found = f"the mapping files have {counted(len(broken), 'error')}: {printable(str(broken[0]))}"
        raise BridgeError(found, f"run: leadbridge check {' '.join(files)}".rstrip())
    return compiled.sources


def _chosen(edited: Mappings, source: str | None) -> Mappings:
    if source is None:
        return edited
    if source not in edited:
        known = sorted(edited)
        hint = f"there are: {', '.join(known) or 'none'}"
        raise UsageError(f'no source is called "{source}"{suggestion(source, known)}', hint)
    return {source: edited[source]}


def _of_one(wanted: EventFilter, edited: Mappings) -> EventFilter:
    """Where only one source is tried, only its events are read."""
    return replace(wanted, source=next(iter(edited))) if len(edited) == 1 else wanted


def _past(
    store: Store, wanted: EventFilter, limit: int, edited: Mappings, current: Mappings | None
) -> Iterator[Past]:
    """The newest events of the edited sources, oldest first; each page is a read of its own."""
    with store.read() as connection:
        after = before_newest(connection, wanted, limit)
    while True:
        with store.read() as connection:
            page = past_events(connection, wanted, after, _AT_ONCE, with_made=current is None)
        if not page:
            return
        for one in page:
            if one.event.source in edited:
                yield Past(one.number, one.event, one.made or _by_rules(current or {}, one.event))
        after = page[-1].number


def _by_rules(current: Mappings, event: Event) -> Application:
    mapping = current.get(event.source)
    return _NOTHING if mapping is None else apply_silently(mapping, event)


def _same(edited: Mappings, current: Mappings) -> bool:
    versions = {name: one.version for name, one in current.items()}
    return all(versions.get(name) == one.version for name, one in edited.items())
