"""`leadbridge replay`: run stored events through the current rules."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import click

from bridge.commands.access import opened, who
from bridge.commands.events import event_filter
from bridge.commands.options import quiet, why
from bridge.commands.show.language import said
from bridge.commands.show.output import OPTION, printable, say
from bridge.commands.show.replay_outcome import outcome, outcome_of_taking
from bridge.errors import BridgeError, UsageError
from bridge.mapping.compile.compiler import Compiled
from bridge.operations.authoring.mapping_files import compile_named, require_valid
from bridge.operations.filters import AskedEvents
from bridge.operations.redact import shown
from bridge.operations.redact_stored import of_event
from bridge.operations.repeats import Taking, plan_taking, take
from bridge.operations.replay import Replay, Replayer, Rules
from bridge.operations.replay_many import events_that_fit, plan_all, replay_all
from bridge.reasons.commands import CommandCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.store.db.engine import Store
from bridge.store.db.notify import Waker
from bridge.store.queue.decisions import Decider
from bridge.store.reports.event_views import event


@click.command()
@click.argument("events", nargs=-1, type=click.IntRange(1), metavar="[EVENT]...")
@event_filter
@click.option(
    "--rules",
    type=click.Choice(["current", "original"]),
    default="current",
    show_default=True,
    help="The current rules, or the stored requests of calls that were not sent.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would happen.")
@click.option("--again", is_flag=True, help="Also repeat calls that are done: people get the message twice.")
@click.option(
    "--original-times",
    is_flag=True,
    help="Count times from when the event was received, not from now.",
)
@click.option(
    "--past-cancel",
    is_flag=True,
    help="Also start what another event cancels until later, or had cancelled so.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation before replaying several events.")
@click.option(
    "--repeat",
    type=click.IntRange(1),
    metavar="N",
    help="Make an event of this repeat, which has other content, once.",
)
@why
def replay(
    events: tuple[int, ...],
    rules: Rules,
    dry_run: bool,
    again: bool,
    original_times: bool,
    past_cancel: bool,
    yes: bool,
    repeat: int | None,
    why: str,
    **asked: str | None,
) -> int:
    """Run stored events through the current rules: EVENTs by number, or those that match the filter.

    A start gets a call unless it already has one that is done, pending, uncertain or cancelled. Calls that
    LeadConverter refused, or that expired, are created again. `after` and `at` count from now, and a `cancel`
    ends what waits now, but not what comes later. Several events are counted, and you are asked
    for confirmation. Exit code 1 if an event could not be replayed or a rule still lacks a value.

    A repeat starts nothing. If `leadbridge events --repeats` shows one with another outcome, --repeat N runs
    it through the rules as a new event.

    \b
    Example, after correcting a rule:
      leadbridge replay --source yookassa --result failed --since 7d --dry-run
      leadbridge replay --repeat 5 --why "another order under the same id"
    """
    how = How(rules, again, dry_run, yes, why, original_times, past_cancel)
    if repeat is not None:
        if events or again or original_times or past_cancel or rules != "current" or any(asked.values()):
            raise click.UsageError(said(Reason(ErrorCode.REPEAT_GOES_WITH)))
        return replay_repeat(quiet(), repeat, how)
    return replay_events(quiet(), events, AskedEvents(**asked), how)


@dataclass(frozen=True, slots=True)
class How:
    """How to replay."""

    rules: Rules = "current"
    again: bool = False
    dry_run: bool = False
    yes: bool = False
    why: str = ""
    original_times: bool = False
    past_cancel: bool = False

    def replayer(self, compiled: Compiled) -> Replayer:
        """Replays as asked, by the rules of these files."""
        return Replayer(
            compiled.sources,
            Decider(who(), self.why),
            self.rules,
            again=self.again,
            past_cancel=self.past_cancel,
            original_times=self.original_times,
        )


def replay_events(settings: Settings, numbers: Sequence[int], asked: AskedEvents, how: How) -> int:
    """Replay the events after confirmation; return 1 if one could not be replayed, or the user declined."""
    if bool(numbers) == (asked != AskedEvents()):
        raise UsageError(Reason(ErrorCode.EVENTS_OR_FILTER), Reason(ErrorCode.EVENTS_EXAMPLES))
    compiled = _rules(settings, how)
    with opened(settings) as store:
        wanted = sorted(set(numbers)) if numbers else _found(store, asked)
        if not wanted:
            say(said(Reason(CommandCode.NO_EVENT_FITS)))
            return 0
        if not _confirmed(len(wanted), how):
            return 1
        replayer = how.replayer(compiled)
        replays = plan_all(store, replayer, wanted) if how.dry_run else _replay_all(store, replayer, wanted)
        return _print((_shown(store, one, compiled) for one in replays), how)


def replay_repeat(settings: Settings, number: int, how: How) -> int:
    """Make the repeat of that number a new event; return 1 if a rule lacks a value."""
    sources = require_valid(compile_named(settings, [])).sources
    with opened(settings) as store:
        if how.dry_run:
            with store.read() as connection:
                done = plan_taking(connection, sources, number)
        else:
            with store.transaction() as connection:
                done = take(connection, store.now(connection), sources, number, Decider(who(), how.why))
            with contextlib.closing(Waker(store)) as waker:
                waker.wake()
        with store.read() as connection:
            came = replace(event(connection, done.repeat.event_id), request=done.request)
    done = shown(of_event(came, sources), done)
    click.echo(printable(said(_taken(done))))
    return 1 if done.made.failures else 0


def _taken(done: Taking) -> Reason:
    one, what = done.repeat, outcome_of_taking(done)
    if not done.stored:
        return Reason(CommandCode.REPEAT_WOULD_BE_TAKEN, number=one.id, event=one.event_id, what=what)
    return Reason(CommandCode.REPEAT_TAKEN, number=one.id, event=one.event_id, taken=done.stored, what=what)


def _rules(settings: Settings, how: How) -> Compiled:
    """The current mapping folder. Broken files are an error, since a rule might be missing from them."""
    return Compiled() if how.rules == "original" else require_valid(compile_named(settings, []))


def _found(store: Store, asked: AskedEvents) -> list[int]:
    with store.read() as connection:
        wanted = asked.at(store.now(connection), OPTION)
    return events_that_fit(store, wanted)


def _confirmed(many: int, how: How) -> bool:
    if how.dry_run or many == 1:
        return True
    current = how.rules == "current"
    code = CommandCode.WOULD_REPLAY_CURRENT if current else CommandCode.WOULD_REPLAY_ORIGINAL
    say(said(Reason(code, count=many)))
    if how.yes:
        return True
    if sys.stdin.isatty():
        return click.confirm(said(Reason(CommandCode.GO_ON)), err=True)
    raise BridgeError(Reason(ErrorCode.NO_TERMINAL), Reason(ErrorCode.LOOK_THEN_YES))


def _shown(store: Store, replay: Replay, compiled: Compiled) -> Replay:
    with store.read() as connection:
        return shown(of_event(event(connection, replay.event), compiled.sources), replay)


def _replay_all(store: Store, replayer: Replayer, numbers: Sequence[int]) -> Iterator[Replay]:
    with contextlib.closing(Waker(store)) as waker:
        yield from replay_all(store, replayer, numbers, waker.wake)


def _print(replays: Iterator[Replay], how: How) -> int:
    done: Counter[str] = Counter()
    began = time.monotonic()
    for one in replays:
        line = Reason(CommandCode.REPLAY_LINE, number=one.event, what=outcome(one))
        click.echo(printable(said(line)))
        done.update({"events": 1, "calls": one.calls, "failed": int(one.failed)})
    total = Reason(
        CommandCode.WOULD_BE_REPLAYED if how.dry_run else CommandCode.REPLAYED,
        events=Reason(CommandCode.EVENTS, count=done["events"]),
        calls=Reason(CommandCode.CALLS, count=done["calls"]),
        failed=done["failed"],
        seconds=f"{time.monotonic() - began:.1f}",
    )
    say(said(total))
    return 1 if done["failed"] else 0
