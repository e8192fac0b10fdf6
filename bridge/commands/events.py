"""`leadbridge events`: list events, repeats of events, or rejected webhooks, newest first."""

from __future__ import annotations

from collections import Counter

import click

from bridge.commands.access import mappings_if_readable, opened
from bridge.commands.options import WHEN, F, paged, quiet, with_options
from bridge.commands.show.language import said
from bridge.commands.show.lists import print_more, print_table
from bridge.commands.show.output import OPTION, json_array, screen_of
from bridge.commands.show.story import result_reason
from bridge.operations.as_json import event_record, refusal_record, repeat_record
from bridge.operations.filters import AskedEvents
from bridge.operations.redact_stored import shown_lines, shown_refusals
from bridge.operations.repeats import content
from bridge.operations.times import ago
from bridge.reasons.commands import CommandCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.explain import ExplainCode
from bridge.reasons.reason import Reason
from bridge.reasons.states import state_reason
from bridge.settings import Settings
from bridge.store.inbox.events import RESULTS
from bridge.store.inbox.refusals import KeptRefusal, recent
from bridge.store.reports.event_views import EventLine, page_of_events
from bridge.store.reports.pagination import Page
from bridge.store.reports.repeat_views import KeptRepeat, page_of_repeats

HEADERS = (
    Reason(ExplainCode.COLUMN_ID),
    Reason(ExplainCode.COLUMN_RECEIVED),
    Reason(ExplainCode.COLUMN_SOURCE),
    Reason(ExplainCode.COLUMN_TYPE),
    Reason(ExplainCode.COLUMN_KEY),
    Reason(ExplainCode.COLUMN_RESULT),
    Reason(ExplainCode.COLUMN_CALLS),
)
REPEATED = (
    *HEADERS[:3],
    Reason(ExplainCode.COLUMN_EVENT),
    Reason(ExplainCode.COLUMN_FROM),
    Reason(ExplainCode.COLUMN_CONTENT),
)
REFUSED = (
    *HEADERS[:3],
    Reason(ExplainCode.COLUMN_STATUS),
    Reason(ExplainCode.COLUMN_CODE),
    Reason(ExplainCode.COLUMN_FROM),
    Reason(ExplainCode.COLUMN_WHY),
)


def event_filter(command: F) -> F:
    """The options that choose events; the command takes them as keywords."""
    return with_options(
        command,
        click.option("--source", help="Only of this source."),
        click.option("--type", help="Only of this type, as the sender calls it."),
        click.option("--result", type=click.Choice(RESULTS), help="Only with this result."),
        click.option("--since", metavar="WHEN", help=f"Only from then on: {WHEN}."),
        click.option("--until", metavar="WHEN", help="Only before then."),
        click.option("--search", metavar="TEXT", help="The sender's own id, or text in the document."),
    )


@click.command()
@event_filter
@click.option("--refused", is_flag=True, help="List rejected webhooks instead, with the reason.")
@click.option(
    "--repeats",
    is_flag=True,
    help="List repeats of known events instead; they start nothing.",
)
@paged
def events(
    refused: bool, repeats: bool, limit: int, before: int | None, as_json: bool, **asked: str | None
) -> int:
    """List events, newest first.

    Keys of --json: id, source, key (the sender's own id), type, received_at, result, verified, client, error,
    calls (id and state of each), repeats (how often it arrived again). Keys of --refused --json: id, source,
    received_at, status, code, detail, client, method, body_size. Keys of --repeats --json: id, event, number
    (which repeat of that event), source, received_at, client, verified, difference (none; content, where the
    rules make the same of it; outcome, where they make something else; unknown), rules_version, body_size,
    taken_as (the event that was made of it).

    \b
    Example:
      leadbridge events --source yookassa --result failed --since 7d
    """
    if refused:
        others = [name for name, value in {**asked, "before": before}.items() if value and name != "source"]
        if others:
            raise click.UsageError(said(Reason(ErrorCode.REFUSED_GOES_WITH, option=others[0])))
        return list_refusals(quiet(), asked["source"], limit, as_json=as_json)
    if repeats:
        others = [name for name, value in asked.items() if value and name != "source"]
        if others:
            raise click.UsageError(said(Reason(ErrorCode.REPEATS_GO_WITH, option=others[0])))
        return list_repeats(quiet(), asked["source"], Page(before, limit), as_json=as_json)
    return list_events(quiet(), AskedEvents(**asked), Page(before, limit), as_json=as_json)


def list_events(settings: Settings, asked: AskedEvents, page: Page, *, as_json: bool) -> int:
    """List the events that match the filter."""
    sources = mappings_if_readable(settings).sources
    with opened(settings) as store, store.read() as connection:
        now = store.now(connection)
        found = page_of_events(connection, asked.at(now, OPTION), page)
        lines = shown_lines(connection, found.items, sources)
    if as_json:
        click.echo(json_array(event_record(line) for line in lines))
    else:
        rows = [_row(line, now) for line in lines]
        print_table(HEADERS, rows, screen_of(settings))
    print_more(len(found.items), found.more, CommandCode.NO_EVENT_FITS)
    return 0


def list_refusals(settings: Settings, source: str | None, limit: int, *, as_json: bool) -> int:
    """List rejected webhooks; the last ones of each source are stored."""
    with opened(settings) as store, store.read() as connection:
        now = store.now(connection)
        found = shown_refusals(recent(connection, source, limit), mappings_if_readable(settings).sources)
    if as_json:
        click.echo(json_array(refusal_record(one) for one in found))
        return 0
    rows = [_refused(one, now) for one in found]
    print_table(REFUSED, rows, screen_of(settings))
    print_more(len(rows), None, CommandCode.NO_REFUSAL_FITS)
    return 0


def list_repeats(settings: Settings, source: str | None, page: Page, *, as_json: bool) -> int:
    """List repeats of known events; the last ones of each event are stored."""
    with opened(settings) as store, store.read() as connection:
        now = store.now(connection)
        found = page_of_repeats(connection, page, source)
    if as_json:
        click.echo(json_array(repeat_record(one) for one in found.items))
    else:
        rows = [_repeated(one, now) for one in found.items]
        print_table(REPEATED, rows, screen_of(settings))
    print_more(len(found.items), found.more, CommandCode.NO_REPEAT_FITS)
    return 0


def _row(line: EventLine, now: int) -> tuple[str, ...]:
    states = Counter(state.value for _, state in line.calls)
    calls = ", ".join(f"{many} {said(state_reason(state))}" for state, many in states.items())
    when = said(ago(line.received_at, now))
    return (str(line.id), when, line.source, line.type, line.key, said(result_reason(line.result)), calls)


def _repeated(one: KeptRepeat, now: int) -> tuple[str, ...]:
    when = said(ago(one.received_at, now))
    return (str(one.id), when, one.source, str(one.event_id), one.client, said(content(one)))


def _refused(kept: KeptRefusal, now: int) -> tuple[str, ...]:
    one = kept.refusal
    when = said(ago(one.received_at, now))
    return (str(kept.id), when, one.source, str(one.status), one.code, one.request.client, said(one.detail))
