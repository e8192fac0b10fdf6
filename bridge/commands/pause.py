"""`leadbridge pause` and `resume`: hold or release the calls of an account, a source or a rule.

`leadbridge resume clock` releases waiting calls after the database's clock has jumped.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final, Literal

import click

from bridge.commands.access import mappings_if_readable, opened, wake, who
from bridge.commands.options import quiet, why
from bridge.commands.show.language import said
from bridge.commands.show.output import printable
from bridge.did_you_mean import suggestion
from bridge.errors import UsageError
from bridge.operations import pause as operation
from bridge.operations.authoring.mapping_files import accounts_of
from bridge.reasons.commands import CommandCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.store.db.engine import Store
from bridge.store.queue import accounts, pauses
from bridge.store.queue.decisions import Decider

Kind = Literal["account", "source", "rule"]
_NAMED: Final[dict[Kind, CommandCode]] = {
    "account": CommandCode.ACCOUNT,
    "source": CommandCode.SOURCE,
    "rule": CommandCode.RULE,
}
_UNKNOWN: Final[dict[Kind, ErrorCode]] = {
    "account": ErrorCode.NO_ACCOUNT_CALLED,
    "source": ErrorCode.NO_SOURCE_CALLED,
    "rule": ErrorCode.NO_RULE_CALLED,
}
_kind = click.argument("kind", type=click.Choice(["account", "source", "rule"]))


@click.command()
@_kind
@click.argument("name")
@why
def pause(kind: Kind, name: str, why: str) -> int:
    """Hold the calls of an account, a source or a rule; a rule is named SOURCE/RULE.

    Webhooks are still accepted, their calls wait, and requests in progress are finished. A call expires when
    it has waited longer than `expires` of its rule, by default 24 hours; an expired call is not sent.

    \b
    Example:
      leadbridge pause account main --why "the bot is being rebuilt"
      leadbridge pause rule "yookassa/course paid"
    """
    return pause_calls(quiet(), kind, name, why)


@click.command()
@click.argument("kind", type=click.Choice(["account", "source", "rule", "clock"]))
@click.argument("name", required=False)
@why
def resume(kind: Kind | Literal["clock"], name: str | None, why: str) -> int:
    """Release the calls of a paused account, source or rule, no matter who paused it.

    When the database's clock jumps, calls that wait until they are due are not released for two minutes, or,
    if it is more than ten minutes ahead, until you check the clock and run "resume clock".

    \b
    Example:
      leadbridge resume account main
      leadbridge resume clock
    """
    if kind == "clock":
        return trust_clock(quiet(), why)
    if name is None:
        raise click.MissingParameter(param_hint="NAME", param_type="argument")
    return resume_calls(quiet(), kind, name, why)


def pause_calls(settings: Settings, kind: Kind, name: str, why: str) -> int:
    """Hold its calls; requests in progress are finished. A rule is named `SOURCE/RULE`."""
    by = Decider(who(), why)
    with opened(settings) as store:
        _require(settings, store, kind, name)
        if kind == "account":
            changed = operation.pause(store, name, by)
        else:
            changed = operation.pause_rules(store, *_parts(name), by)
    _confirm(CommandCode.PAUSED if changed else CommandCode.PAUSED_BEFORE, kind, name)
    return 0


def resume_calls(settings: Settings, kind: Kind, name: str, why: str) -> int:
    """Release its calls; of an account also resend those that were refused, perhaps for a wrong token."""
    by = Decider(who(), why)
    with opened(settings) as store:
        _require(settings, store, kind, name)
        if kind == "account":
            again = operation.resume(store, name, by, partial(wake, store))
        else:
            again = 0 if operation.resume_rules(store, *_parts(name), by) else None
    _confirm(CommandCode.NOT_PAUSED if again is None else CommandCode.RESUMED, kind, name)
    if again:
        click.echo(said(Reason(CommandCode.SENT_ONCE_MORE, count=again)))
    return 0


def trust_clock(settings: Settings, why: str) -> int:
    """Release waiting calls although the database's clock has jumped."""
    with opened(settings) as store:
        trusted = operation.trust_clock(store, Decider(who(), why), partial(wake, store))
    click.echo(said(Reason(CommandCode.CLOCK_TRUSTED if trusted else CommandCode.CLOCK_FINE)))
    return 0


def _confirm(code: CommandCode, kind: Kind, name: str) -> None:
    click.echo(printable(said(Reason(code, what=Reason(_NAMED[kind], name=name)))))


def _parts(name: str) -> tuple[str, str]:
    """Source and rule; the rule is empty if only a source is named."""
    source, _, rule = name.partition("/")
    return source, rule


def _require(settings: Settings, store: Store, kind: Kind, name: str) -> None:
    """Raise UsageError unless it is in the mapping folder, or had calls or a pause before."""
    there = sorted({*_stored(store, kind), *_written(settings, kind)})
    if name not in there:
        reason = Reason(_UNKNOWN[kind], name=name, hint=suggestion(name, there))
        names = Reason(ErrorCode.THERE_ARE, names=tuple(there)) if there else Reason(ErrorCode.THERE_ARE_NONE)
        raise UsageError(reason, names)


def _stored(store: Store, kind: Kind) -> Iterable[str]:
    with store.read() as connection:
        if kind == "account":
            return list(accounts.all_states(connection))
        return [one.name for one in pauses.active(connection) if one.kind == kind]


def _written(settings: Settings, kind: Kind) -> Iterable[str]:
    compiled = mappings_if_readable(settings)
    if kind == "account":
        return accounts_of(settings, compiled)
    if kind == "source":
        return compiled.sources
    return [
        pauses.name_of(source, rule.name) for source, file in compiled.sources.items() for rule in file.rules
    ]
