"""`leadbridge calls`: list calls, pending, being sent or final, newest first."""

from __future__ import annotations

from typing import Any

import click

from bridge.commands.access import mappings_if_readable, opened
from bridge.commands.options import WHEN, paged, quiet
from bridge.commands.show.language import said
from bridge.commands.show.lists import print_more, print_table
from bridge.commands.show.output import OPTION, json_array, screen_of
from bridge.mapping.author.later import errand_reason
from bridge.model import Call, State
from bridge.operations.as_json import call_record
from bridge.operations.filters import AskedCalls
from bridge.operations.redact_stored import shown_calls
from bridge.operations.times import ago
from bridge.operations.waiting import due_reason
from bridge.reasons.commands import CommandCode
from bridge.reasons.explain import ExplainCode
from bridge.reasons.reason import Reason
from bridge.reasons.states import state_reason
from bridge.settings import Settings
from bridge.store.reports.call_views import page_of_calls
from bridge.store.reports.pagination import Page

HEADERS = (
    Reason(ExplainCode.COLUMN_ID),
    Reason(ExplainCode.COLUMN_EVENT),
    Reason(ExplainCode.COLUMN_CREATED),
    Reason(ExplainCode.COLUMN_RULE),
    Reason(ExplainCode.COLUMN_RECIPIENT),
    Reason(ExplainCode.COLUMN_BOT),
    Reason(ExplainCode.COLUMN_STATE),
    Reason(ExplainCode.COLUMN_TRIES),
    Reason(ExplainCode.COLUMN_REASON),
)
_STATES = click.Choice([state.value for state in State])


@click.command()
@click.option("--state", "states", type=_STATES, multiple=True, help="Only in this state; may be repeated.")
@click.option("--source", help="Only of this source.")
@click.option("--rule", help="Only started by this rule.")
@click.option("--account", help="Only of this account.")
@click.option("--recipient", help="Only for this subscriber's id, or messenger:CHANNEL/USER.")
@click.option("--event", type=click.IntRange(1), help="Only of this event.")
@click.option("--cause", metavar="CODE", help="Only with this cause of doubt, now or earlier, as http_502.")
@click.option("--since", metavar="WHEN", help=f"Only from then on: {WHEN}.")
@click.option("--search", metavar="TEXT", help="Only with this text in a variable, or this bot_id.")
@paged
def calls(limit: int, before: int | None, as_json: bool, **asked: Any) -> int:
    """List calls (bot starts): pending, being sent or final, newest first.

    Keys of --json: id, event, source, rule, item, account, recipient, bot_id, variables, forced, state,
    reason, cause (why it may have run, such as http_502 or timeout), attempt, answered, resends, parent,
    created_at, due (when it is due, or was, as in `leadbridge try`; null if at once), zone (of that time),
    late, key, again, next_try_at (of a queued one), expires_at (null while it waits until it is due).

    \b
    Example:
      leadbridge calls --state uncertain --state refused
      leadbridge calls --state waiting
    """
    return list_calls(quiet(), AskedCalls(**asked), Page(before, limit), as_json=as_json)


def list_calls(settings: Settings, asked: AskedCalls, page: Page, *, as_json: bool) -> int:
    """List the calls that match the filter."""
    sources = mappings_if_readable(settings).sources
    with opened(settings) as store, store.read() as connection:
        now = store.now(connection)
        found = page_of_calls(connection, asked.at(now, OPTION), page)
        shown = shown_calls(connection, found.items, sources)
    if as_json:
        click.echo(json_array(call_record(call) for call in shown))
    else:
        rows = [_row(call, now) for call in shown]
        print_table(HEADERS, rows, screen_of(settings))
    print_more(len(found.items), found.more, CommandCode.NO_CALL_FITS)
    return 0


def _row(call: Call, now: int) -> tuple[str, ...]:
    start = call.start
    waits = call.state is State.QUEUED and call.due_at > now
    next_try = said(Reason(CommandCode.NEXT_TRY, when=ago(call.due_at, now))) if waits else ""
    cause = call.cause if call.state is State.UNCERTAIN else ""
    until = said(due_reason(call, now)) if call.state is State.WAITING else ""
    key = said(errand_reason(call.start)) if until else ""
    return (
        str(call.id),
        str(call.event_id),
        said(ago(call.created_at, now)),
        start.rule,
        start.recipient.key,
        str(start.bot_id),
        said(state_reason(call.state)),
        str(call.attempt),
        "; ".join(part for part in (next_try, until, key, cause, said(call.reason)) if part),
    )
