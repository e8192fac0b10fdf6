"""`leadbridge resolve`: a person settles calls that may have run, or that are not to be sent."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import click

from bridge.commands.opening import opened, wake, who
from bridge.commands.output import OPTION, printable, say
from bridge.errors import BridgeError, UsageError
from bridge.model import State
from bridge.operations.answers import confirm
from bridge.operations.filters import AskedCalls
from bridge.operations.resolve import Resolution, settle
from bridge.operations.resolve_many import calls_that_fit, decide_all
from bridge.operations.times import clock
from bridge.operations.words import counted
from bridge.settings import Settings
from bridge.store.db.engine import Store
from bridge.store.db.notify import Waker
from bridge.store.queue.decisions import Decider
from bridge.store.reports.call_views import CallFilter, Doubt, doubts

_SAID = {
    "done": "is settled as done",
    "resend": "is queued again",
    "cancel": "is cancelled",
}
_WOULD = {
    "done": "would be settled as done",
    "resend": "would be sent again, though they may have run",
    "cancel": "would be cancelled",
}


@dataclass(frozen=True, slots=True)
class How:
    """What becomes of the calls, and whether to ask before."""

    resolution: Resolution
    yes: bool = False
    why: str = ""

    @property
    def by(self) -> Decider:
        return Decider(who(), self.why)


def resolve(settings: Settings, numbers: Sequence[int], asked: AskedCalls, how: How) -> int:
    """Settle the calls; 1 where the person said no, or a call has moved on meanwhile."""
    if bool(numbers) == (asked != AskedCalls()):
        raise UsageError(
            "expected either the numbers of calls or a filter",
            "for example: leadbridge resolve 31 --done - or: leadbridge resolve --cause http_502 --done",
        )
    with opened(settings) as store:
        if not numbers:
            return _filtered(store, asked, how)
        with store.transaction() as connection:
            now = store.now(connection)
            for number in numbers:
                settle(connection, now, number, how.resolution, how.by)
        wake(store)
    for number in numbers:
        click.echo(f"call {number} {_SAID[how.resolution]}")
    return 0


def confirm_answer(settings: Settings, number: int, why: str) -> int:
    """Confirm that an answer such as this call's is success."""
    with opened(settings) as store:
        first = confirm(store, number, Decider(who(), why))
    said = "are success from now on" if first else "were confirmed before"
    click.echo(f"answers such as that to call {number} {said}")
    return 0


def _filtered(store: Store, asked: AskedCalls, how: How) -> int:
    """Settle the uncertain calls that fit, after showing how many and of which causes."""
    with store.read() as connection:
        wanted = asked.at(store.now(connection), OPTION)
        found = doubts(connection, wanted)
    numbers = calls_that_fit(store, _uncertain(wanted), how.resolution)
    if not numbers:
        say("no uncertain call fits")
        return 0
    for line in _preview(found):
        say(line)
    if not _agreed(len(numbers), how):
        return 1
    refused = 0
    with contextlib.closing(Waker(store)) as waker:
        for one in decide_all(store, numbers, how.resolution, how.by, waker.wake):
            refused += bool(one.refused)
            click.echo(printable(one.refused or f"call {one.call} {_SAID[how.resolution]}"))
    return 1 if refused else 0


def _uncertain(wanted: CallFilter) -> CallFilter:
    return replace(wanted, states=(State.UNCERTAIN,))


def _preview(found: Sequence[Doubt]) -> Iterator[str]:
    for one in found:
        many = counted(one.many, "call")
        yield f"account {one.account}: {one.cause}: {many}, sent {clock(one.first)} to {clock(one.last)} UTC"


def _agreed(many: int, how: How) -> bool:
    say(f"{counted(many, 'call')} {_WOULD[how.resolution]}")
    if how.yes:
        return True
    if sys.stdin.isatty():
        return click.confirm("go on?", err=True)
    raise BridgeError("cannot ask for confirmation: stdin is not a terminal", "pass --yes to settle them")
