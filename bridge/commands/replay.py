"""`leadbridge replay`: stored events go through the rules as they are now."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import click

from bridge.commands.events import Asked
from bridge.commands.mappings import compile_named, errors
from bridge.commands.opening import opened, who
from bridge.commands.output import counted, printable, say
from bridge.commands.replaying import Line, Replayer
from bridge.errors import BridgeError, UsageError
from bridge.mapping.compiler import Compiled
from bridge.settings import Settings
from bridge.store.decisions import Decider
from bridge.store.engine import Store
from bridge.store.event_views import EventFilter, page_of_events
from bridge.store.pages import Page
from bridge.store.wake import Waker

Rules: TypeAlias = Literal["current", "original"]

_AT_ONCE = 50
"""Events in one transaction."""
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class How:
    """What is wanted beside which events."""

    rules: Rules = "current"
    again: bool = False
    dry_run: bool = False
    yes: bool = False
    why: str = ""


def replay(settings: Settings, numbers: Sequence[int], asked: Asked, how: How) -> int:
    """Replay the events, after showing how many; 1 where one could not be, or the user said no."""
    if bool(numbers) == (asked != Asked()):
        raise UsageError(
            "expected either the numbers of events or a filter",
            "for example: leadbridge replay 12 - or: leadbridge replay --result failed --since 7d",
        )
    compiled = _rules(settings, how)
    with opened(settings) as store:
        wanted = sorted(set(numbers)) if numbers else _found(store, asked)
        if not wanted:
            say("no event fits")
            return 0
        if not _agreed(len(wanted), how):
            return 1
        replayer = Replayer(compiled.sources, Decider(who(), how.why), how.rules, again=how.again)
        lines = _dry(store, replayer, wanted) if how.dry_run else _real(store, replayer, wanted)
        return _tell(lines, how)


def _rules(settings: Settings, how: How) -> Compiled:
    """The mapping folder as it is now; broken files are refused, since a rule might be missing from them."""
    if how.rules == "original":
        return Compiled()
    compiled = compile_named(settings, [])
    broken = errors(compiled)
    if broken:
        raise BridgeError(
            f"the mapping files have {counted(len(broken), 'error')}: {broken[0]}", "run: leadbridge check"
        )
    return compiled


def _found(store: Store, asked: Asked) -> list[int]:
    """Every event that fits, oldest first."""
    numbers: list[int] = []
    with store.read() as connection:
        wanted: EventFilter = asked.at(store.now(connection))
        page: Page | None = Page(limit=_PAGE)
        while page is not None:
            found = page_of_events(connection, wanted, page)
            numbers += [line.id for line in found.items]
            page = None if found.more is None else Page(found.more, _PAGE)
    return sorted(numbers)


def _agreed(many: int, how: How) -> bool:
    if how.dry_run or many == 1:
        return True
    say(f"{counted(many, 'event')} would be replayed with the {how.rules} rules")
    if how.yes:
        return True
    if sys.stdin.isatty():
        return click.confirm("go on?", err=True)
    raise BridgeError("nobody is here to say yes", "look with --dry-run first, then say --yes")


def _dry(store: Store, replayer: Replayer, numbers: Sequence[int]) -> Iterator[Line]:
    for number in numbers:
        with store.read() as connection:
            yield replayer.plan(connection, number)


def _real(store: Store, replayer: Replayer, numbers: Sequence[int]) -> Iterator[Line]:
    """Each batch is one transaction, told once it is on disk; the dispatchers hear of it at once."""
    with contextlib.closing(Waker(store)) as waker:
        for start in range(0, len(numbers), _AT_ONCE):
            with store.transaction() as connection:
                now = store.now(connection)
                batch = numbers[start : start + _AT_ONCE]
                lines = [replayer.replay(connection, now, number) for number in batch]
            if any(line.calls for line in lines):
                waker.wake()
            yield from lines


def _tell(lines: Iterator[Line], how: How) -> int:
    done: Counter[str] = Counter()
    began = time.monotonic()
    for line in lines:
        click.echo(printable(f"event {line.event}: {line.text}"))
        done.update({"events": 1, "calls": line.calls, "failed": int(line.failed)})
    would = "would be " if how.dry_run else ""
    say(
        f"{counted(done['events'], 'event')} {would}replayed, {counted(done['calls'], 'call')} {would}added, "
        f"{done['failed']} failed, {time.monotonic() - began:.1f} s"
    )
    return 1 if done["failed"] else 0
