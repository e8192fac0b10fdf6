"""`leadbridge resolve`: settle uncertain calls, cancel pending ones, or send waiting ones now."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import click

from bridge.commands.access import opened, wake, who
from bridge.commands.options import WHEN, quiet, why
from bridge.commands.show.language import said
from bridge.commands.show.output import OPTION, printable, say
from bridge.errors import BridgeError, UsageError
from bridge.model import State
from bridge.operations.answers import confirm
from bridge.operations.filters import AskedCalls
from bridge.operations.resolve import Resolution, settle
from bridge.operations.resolve_many import calls_that_fit, decide_all
from bridge.reasons.commands import CommandCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.store.db.engine import Store
from bridge.store.db.notify import Waker
from bridge.store.queue.decisions import Decider
from bridge.store.reports.call_views import Doubt, doubts
from bridge.text.times import clock

_SETTLED: Final[dict[Resolution, CommandCode]] = {
    "send_now": CommandCode.SETTLED_SEND_NOW,
    "done": CommandCode.SETTLED_DONE,
    "resend": CommandCode.SETTLED_RESEND,
    "cancel": CommandCode.SETTLED_CANCEL,
}
_WOULD: Final[dict[Resolution, CommandCode]] = {
    "send_now": CommandCode.WOULD_SEND_NOW,
    "done": CommandCode.WOULD_SETTLE_DONE,
    "resend": CommandCode.WOULD_RESEND,
    "cancel": CommandCode.WOULD_CANCEL,
}


@click.command()
@click.argument("calls", nargs=-1, type=click.IntRange(1), metavar="[CALL]...")
@click.option("--cause", metavar="CODE", help="Only those with this cause, such as http_502 or timeout.")
@click.option("--since", "sent_since", metavar="WHEN", help=f"Only those sent from then on: {WHEN}.")
@click.option("--until", "sent_until", metavar="WHEN", help="Only those sent before then.")
@click.option("--account", help="Only those of this account.")
@click.option("--source", help="Only those of this source.")
@click.option("--rule", help="Only those started by this rule.")
@click.option("--search", metavar="TEXT", help="Only those with this text in their request or key.")
@click.option(
    "--waiting",
    is_flag=True,
    help="With --cancel and a filter: those that wait until they are due, not those in doubt.",
)
@click.option("--done", "resolution", flag_value="done", help="The bot started: the call is done.")
@click.option(
    "--resend",
    "resolution",
    flag_value="resend",
    help="Send again, although the bot may have started.",
)
@click.option("--cancel", "resolution", flag_value="cancel", help="Cancel: do not send the call.")
@click.option("--send-now", "resolution", flag_value="send_now", help="Send before it is due.")
@click.option("--yes", is_flag=True, help="Settle calls that match the filter without confirmation.")
@click.option("--answer", type=click.IntRange(1), metavar="CALL", help="Settle answers like this call's.")
@why
def resolve(
    calls: tuple[int, ...],
    resolution: Resolution | None,
    waiting: bool,
    yes: bool,
    answer: int | None,
    why: str,
    **asked: Any,
) -> int:
    """Settle uncertain CALLs: check in LeadConverter whether the bot started, then record it here.

    Without numbers, all uncertain calls that match the filter are settled, such as those of one outage. They
    are counted by cause, and you are asked for confirmation. With numbers, --cancel also cancels calls that
    wait to be sent.

    Calls that wait until they are due are sent at once by --send-now, and cancelled by --cancel. With a
    filter, --cancel needs --waiting for that.

    If a call is done with an answer of a new form, leadbridge doctor and the console ask once about it:
    --answer CALL --done confirms that it means success. If it does not, write `success:` in accounts.yml.

    \b
    Example:
      leadbridge calls --state uncertain
      leadbridge resolve 31 --done --why "the dialogue shows the message"
      leadbridge resolve --cause http_502 --since 22:00 --until 23:10 --resend --why "none of them ran"
      leadbridge resolve --waiting --rule "cart left" --cancel --why "the shop is closed"
    """
    if resolution is None:
        raise click.UsageError(said(Reason(ErrorCode.NO_RESOLUTION)))
    if answer is not None:
        if calls or waiting or yes or resolution != "done" or any(asked.values()):
            raise click.UsageError(said(Reason(ErrorCode.ANSWER_GOES_WITH)))
        return confirm_answer(quiet(), answer, why)
    if waiting and resolution not in ("cancel", "send_now"):
        raise click.UsageError(said(Reason(ErrorCode.WAITING_GOES_WITH)))
    how = How(resolution, yes, why, State.WAITING if resolution == "send_now" or waiting else State.UNCERTAIN)
    if waiting:
        asked["states"] = (State.WAITING.value,)
    return resolve_calls(quiet(), calls, AskedCalls(**asked), how)


@dataclass(frozen=True, slots=True)
class How:
    """How to settle the calls."""

    resolution: Resolution
    yes: bool = False
    why: str = ""
    state: State = State.UNCERTAIN
    """The state of the calls that a filter finds."""

    @property
    def by(self) -> Decider:
        return Decider(who(), self.why)


def resolve_calls(settings: Settings, numbers: Sequence[int], asked: AskedCalls, how: How) -> int:
    """Settle the calls; return 1 if the user declined, or a call changed its state meanwhile."""
    if bool(numbers) == (asked != AskedCalls()):
        raise UsageError(Reason(ErrorCode.CALLS_OR_FILTER), Reason(ErrorCode.CALLS_EXAMPLES))
    with opened(settings) as store:
        if not numbers:
            return _settle_matching(store, asked, how)
        with store.transaction() as connection:
            now = store.now(connection)
            for number in numbers:
                settle(connection, now, number, how.resolution, how.by)
        wake(store)
    for number in numbers:
        click.echo(said(Reason(_SETTLED[how.resolution], number=number)))
    return 0


def confirm_answer(settings: Settings, number: int, why: str) -> int:
    """Confirm that answers like that of this call mean success."""
    with opened(settings) as store:
        first = confirm(store, number, Decider(who(), why))
    code = CommandCode.ANSWER_CONFIRMED if first else CommandCode.ANSWER_CONFIRMED_BEFORE
    click.echo(said(Reason(code, number=number)))
    return 0


def _settle_matching(store: Store, asked: AskedCalls, how: How) -> int:
    """Settle the calls that match, after showing how many uncertain ones there are of each cause."""
    uncertain = how.state is State.UNCERTAIN
    with store.read() as connection:
        wanted = asked.at(store.now(connection), OPTION)
        found = doubts(connection, wanted) if uncertain else ()
    numbers = calls_that_fit(store, replace(wanted, states=(how.state,)), how.resolution)
    if not numbers:
        none = CommandCode.NO_UNCERTAIN_CALL_FITS if uncertain else CommandCode.NO_WAITING_CALL_FITS
        say(said(Reason(none)))
        return 0
    for doubt in found:
        say(printable(said(_preview(doubt))))
    if not _confirmed(len(numbers), how):
        return 1
    refused = 0
    with contextlib.closing(Waker(store)) as waker:
        for one in decide_all(store, numbers, how.resolution, how.by, waker.wake):
            refused += bool(one.refused)
            settled = Reason(_SETTLED[how.resolution], number=one.call)
            click.echo(printable(said(one.refused or settled)))
    return 1 if refused else 0


def _preview(one: Doubt) -> Reason:
    return Reason(
        CommandCode.DOUBT,
        account=one.account,
        cause=one.cause,
        calls=Reason(CommandCode.CALLS, count=one.many),
        first=clock(one.first),
        last=clock(one.last),
    )


def _confirmed(many: int, how: How) -> bool:
    say(said(Reason(_WOULD[how.resolution], count=many)))
    if how.yes:
        return True
    if sys.stdin.isatty():
        return click.confirm(said(Reason(CommandCode.GO_ON)), err=True)
    raise BridgeError(Reason(ErrorCode.NO_TERMINAL), Reason(ErrorCode.PASS_YES))
