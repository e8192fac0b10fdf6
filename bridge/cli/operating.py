"""Commands by which people decide. Each decision is written down: who, when, why."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.common import WHEN, quiet
from bridge.cli.looking import event_filter
from bridge.commands import pause as pause_command
from bridge.commands import purge as purge_command
from bridge.commands import replay as replay_command
from bridge.commands import resolve as resolve_command
from bridge.commands.language import said
from bridge.language.schema import duration
from bridge.operations.filters import AskedCalls, AskedEvents
from bridge.operations.replay import Rules
from bridge.operations.resolve import Resolution
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason

_why = click.option("--why", default="", metavar="TEXT", help="The reason, for the record.")
_kind = click.argument("kind", type=click.Choice(["account", "source", "rule"]))


class Span(click.ParamType[int]):
    """A span such as 90m or 30d, read as seconds."""

    name = "span"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        seconds = value if isinstance(value, int) else duration(value)
        if seconds is None:
            self.fail(f'expected a span such as 90m, 24h or 30d, found "{value}"', param, ctx)
        return seconds


@click.command()
@click.argument("events", nargs=-1, type=click.IntRange(1), metavar="[EVENT]...")
@event_filter
@click.option(
    "--rules",
    type=click.Choice(["current", "original"]),
    default="current",
    show_default=True,
    help="The rules as they are now, or the stored requests of calls that were not sent.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would happen.")
@click.option("--again", is_flag=True, help="Also repeat calls that are done: people hear twice.")
@click.option("--yes", is_flag=True, help="Do not ask before replaying several.")
@click.option(
    "--repeat",
    type=click.IntRange(1),
    metavar="N",
    help="Make an event of a known one that came again with other content, once.",
)
@_why
def replay(
    events: tuple[int, ...],
    rules: Rules,
    dry_run: bool,
    again: bool,
    yes: bool,
    repeat: int | None,
    why: str,
    **asked: str | None,
) -> int:
    """Put stored events through the rules as they are now: EVENTs by number, or those that the filter finds.

    A start gets a call unless it had one that is done, live, uncertain or cancelled. Calls that LeadConverter
    refused, or that expired, are made anew. Several events are counted and asked for first. Exit code 1 where
    an event could not be replayed or a rule still lacks a value.

    A repeat starts nothing. Where `leadbridge events --repeats` shows one of which the rules would make
    something else, --repeat puts it through the rules as an event of its own.

    \b
    Example, after mending a rule:
      leadbridge replay --source yookassa --result failed --since 7d --dry-run
      leadbridge replay --repeat 5 --why "another order under the same id"
    """
    how = replay_command.How(rules, again, dry_run, yes, why)
    if repeat is not None:
        if events or again or rules != "current" or any(asked.values()):
            raise click.UsageError(said(Reason(ErrorCode.REPEAT_GOES_WITH)))
        return replay_command.replay_repeat(quiet(), repeat, how)
    return replay_command.replay(quiet(), events, AskedEvents(**asked), how)


@click.command()
@click.argument("calls", nargs=-1, type=click.IntRange(1), metavar="[CALL]...")
@click.option("--cause", metavar="CODE", help="Only those in doubt for this, such as http_502 or timeout.")
@click.option("--since", "sent_since", metavar="WHEN", help=f"Only those sent from then on: {WHEN}.")
@click.option("--until", "sent_until", metavar="WHEN", help="Only those sent before then.")
@click.option("--account", help="Only those of this account.")
@click.option("--done", "resolution", flag_value="done", help="It ran: the bot did start.")
@click.option("--resend", "resolution", flag_value="resend", help="Send it again, though it may have run.")
@click.option("--cancel", "resolution", flag_value="cancel", help="Do not send it any more.")
@click.option("--yes", is_flag=True, help="Do not ask before settling those that the filter finds.")
@click.option("--answer", type=click.IntRange(1), metavar="CALL", help="Answers such as this call's.")
@_why
def resolve(
    calls: tuple[int, ...],
    resolution: Resolution | None,
    yes: bool,
    answer: int | None,
    why: str,
    **asked: Any,
) -> int:
    """Settle uncertain CALLs by your word: look into LeadConverter whether the bot ran, then say it here.

    Without numbers, all uncertain calls that fit the filter are settled, such as those of one outage. They
    are counted by cause and asked for first. With a number --cancel also takes a call that waits to be sent.

    An answer of a new shape that counts as done is asked about once, by leadbridge doctor and the console:
    --answer CALL --done confirms that it is success. Where it is not, write `success:` into accounts.yml.

    \b
    Example:
      leadbridge calls --state uncertain
      leadbridge resolve 31 --done --why "the dialogue shows the message"
      leadbridge resolve --cause http_502 --since 22:00 --until 23:10 --resend --why "none of them ran"
    """
    if resolution is None:
        raise click.UsageError(said(Reason(ErrorCode.NO_RESOLUTION)))
    if answer is not None:
        if calls or yes or resolution != "done" or any(asked.values()):
            raise click.UsageError(said(Reason(ErrorCode.ANSWER_GOES_WITH)))
        return resolve_command.confirm_answer(quiet(), answer, why)
    how = resolve_command.How(resolution, yes, why)
    return resolve_command.resolve(quiet(), calls, AskedCalls(**asked), how)


@click.command()
@_kind
@click.argument("name")
@_why
def pause(kind: pause_command.Kind, name: str, why: str) -> int:
    """Hold back the calls of an account, a source or a rule; a rule is named SOURCE/RULE.

    Webhooks are still accepted, their calls wait, and what is being sent is finished. A call that waits for
    longer than its rule's "expires", 24 hours unless it says otherwise, is not sent any more.

    \b
    Example:
      leadbridge pause account main --why "the bot is being rebuilt"
      leadbridge pause rule "yookassa/course paid"
    """
    return pause_command.pause(quiet(), kind, name, why)


@click.command()
@_kind
@click.argument("name")
@_why
def resume(kind: pause_command.Kind, name: str, why: str) -> int:
    """Let the calls of an account, a source or a rule go again, whoever paused it.

    \b
    Example:
      leadbridge resume account main
    """
    return pause_command.resume(quiet(), kind, name, why)


@click.command()
@click.option(
    "--bodies-after",
    type=Span(),
    default="30d",
    show_default=True,
    help="Payloads finished so long.",
)
@click.option(
    "--rows-after",
    type=Span(),
    default="90d",
    show_default=True,
    help="Events finished so long.",
)
@_why
def purge(bodies_after: int, rows_after: int, why: str) -> int:
    """Forget what is long finished: first payloads, later whole events with their calls and attempts.

    Nothing that is not final is touched, however old. Run it daily, from cron or a scheduler.

    \b
    Example:
      leadbridge purge --bodies-after 30d --rows-after 90d
    """
    return purge_command.purge(quiet(), bodies_after, rows_after, why)
