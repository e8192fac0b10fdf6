"""Commands that look at what is stored. They change nothing, and create no database by looking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from bridge.cli.common import WHEN, as_json, quiet, silent
from bridge.commands import calls as calls_command
from bridge.commands import doctor as doctor_command
from bridge.commands import events as events_command
from bridge.commands import explain as explain_command
from bridge.commands.language import said
from bridge.model import State
from bridge.operations.filters import AskedCalls, AskedEvents
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.inbox.events import RESULTS
from bridge.store.reports.pagination import Page

F = TypeVar("F", bound=Callable[..., Any])

_STATES = click.Choice([state.value for state in State])


def event_filter(command: F) -> F:
    """The options that choose events; the command takes them as keywords."""
    for option in reversed(
        (
            click.option("--source", help="Only of this source."),
            click.option("--type", help="Only of this type, as the sender calls it."),
            click.option("--result", type=click.Choice(RESULTS), help="Only those that came to this."),
            click.option("--since", metavar="WHEN", help=f"Only from then on: {WHEN}."),
            click.option("--until", metavar="WHEN", help="Only before then."),
            click.option("--search", metavar="TEXT", help="The sender's own id, or a part of the document."),
        )
    ):
        command = option(command)
    return command


def _paged(command: F) -> F:
    many = click.IntRange(1, 1000)
    for option in reversed(
        (
            click.option("--limit", type=many, default=50, show_default=True, help="At most so many."),
            click.option(
                "--before", type=click.IntRange(1), metavar="ID", help="Only those with smaller ids."
            ),
            as_json,
        )
    ):
        command = option(command)
    return command


@click.command()
@event_filter
@click.option("--refused", is_flag=True, help="The rejected webhooks instead, and why.")
@click.option("--repeats", is_flag=True, help="Known events that came again, which start nothing.")
@_paged
def events(
    refused: bool, repeats: bool, limit: int, before: int | None, as_json: bool, **asked: str | None
) -> int:
    """List what came in, newest first.

    Keys of --json: id, source, key (the sender's own id), type, received_at, result, verified, client, error,
    calls (id and state of each), repeats (how often it came again). Keys of --refused --json: id, source,
    received_at, status, code, detail, client, method, body_size. Keys of --repeats --json: id, event, number
    (which repeat of that event), source, received_at, client, verified, difference (none; content, where the
    rules make the same of it; outcome, where they make something else; unknown), rules_version, body_size,
    taken_as (the event that a person made of it).

    \b
    Example:
      leadbridge events --source yookassa --result failed --since 7d
    """
    if refused:
        others = [name for name, value in {**asked, "before": before}.items() if value and name != "source"]
        if others:
            raise click.UsageError(said(Reason(ErrorCode.REFUSED_GOES_WITH, option=others[0])))
        return events_command.refusals(quiet(), asked["source"], limit, as_json=as_json)
    if repeats:
        others = [name for name, value in asked.items() if value and name != "source"]
        if others:
            raise click.UsageError(said(Reason(ErrorCode.REPEATS_GO_WITH, option=others[0])))
        return events_command.repeats(quiet(), asked["source"], Page(before, limit), as_json=as_json)
    return events_command.events(quiet(), AskedEvents(**asked), Page(before, limit), as_json=as_json)


@click.command()
@click.option("--state", "states", type=_STATES, multiple=True, help="Only in this state; may be repeated.")
@click.option("--source", help="Only of this source.")
@click.option("--rule", help="Only started by this rule.")
@click.option("--account", help="Only of this account.")
@click.option("--recipient", help="Only for this subscriber's id, or messenger:CHANNEL/USER.")
@click.option("--event", type=click.IntRange(1), help="Only of this event.")
@click.option("--cause", metavar="CODE", help="Only in doubt for this, now or before, such as http_502.")
@click.option("--since", metavar="WHEN", help=f"Only from then on: {WHEN}.")
@click.option("--search", metavar="TEXT", help="Only with this text in a variable, or this bot_id.")
@_paged
def calls(limit: int, before: int | None, as_json: bool, **asked: Any) -> int:
    """List bot starts that are owed, under way or settled, newest first.

    Keys of --json: id, event, source, rule, item, account, recipient, bot_id, variables, forced, state,
    reason, cause (why it may have run, such as http_502 or timeout), attempt, answered, resends, parent,
    created_at, due_at, expires_at.

    \b
    Example:
      leadbridge calls --state uncertain --state refused
    """
    return calls_command.calls(quiet(), AskedCalls(**asked), Page(before, limit), as_json=as_json)


@click.command()
@click.argument("event", type=click.IntRange(1))
@click.option("--rule", metavar="NAME", help="Only this rule as it is now, all its conditions.")
@click.option("--document", is_flag=True, help="Show the document, too, as the rules saw it.")
@as_json
def explain(event: int, rule: str | None, document: bool, as_json: bool) -> int:
    """Tell the story of EVENT: how it came, rule by rule why it matched or not, its calls and their answers.

    Of a source with more than 50 rules only those are listed that matched or came near; --rule asks another.

    Keys of --json: those of an event of `leadbridge events`, rules_version, document, rules_untold (how many
    rules are not listed), rules, failures, calls (each with its request and attempts), actions, repeated (the
    last repeats, each as in `leadbridge events --repeats`).

    \b
    Example:
      leadbridge explain 12
    """
    return explain_command.explain(quiet(), event, rule=rule, document=document, as_json=as_json)


@click.command()
@as_json
def doctor(as_json: bool) -> int:
    """Look whether everything the bridge needs is well: one line each, ok, warn or FAIL.

    Settings, database and its durability, disk, clock, mappings, queue, and whether each account's URL can be
    reached; no bot is started. Exit code 1 where something fails.

    Keys of --json: level (ok, warn, fail), subject, text.

    \b
    Example:
      leadbridge doctor
    """
    return doctor_command.doctor(silent, as_json=as_json)
