"""Commands that hold mapping files and stored events together. None of them sends or stores anything."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.common import WHEN, as_json, files, quiet
from bridge.commands import backtest as backtest_command
from bridge.commands import new as new_command
from bridge.commands import review as review_command
from bridge.commands.payload import PayloadFile
from bridge.mapping.author.differences import KINDS, Kind


@click.command()
@click.argument("source")
@click.option("--profile", metavar="NAME", help="The built-in source definition to begin with.")
@click.option(
    "--from", "given", metavar="EVENT|FILE", help="A webhook: an event's number, or a file with its body."
)
@click.option(
    "--header", "headers", multiple=True, metavar='"NAME: VALUE"', help="A header of FILE; may be repeated."
)
@click.option("--query", default="", help="The query string of FILE.")
@click.option("--method", help="The method of FILE (POST).")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def new(source: str, profile: str | None, given: str | None, force: bool, **how: Any) -> int:
    """Write a mapping file to begin with: mappings/SOURCE.yml, a rule guessed from a webhook and its test.

    The webhook becomes a sample beside it, in which people, their numbers, addresses and all tokens are made
    up; look at it all the same before you share it. Without --from the file is the profile's own example.
    The rule is recorded and never sent until you remove its line `shadow: true`.

    mapping.schema.json beside the files lets editors complete and check them.

    \b
    Example:
      leadbridge new shop --from mappings/samples/nocode-deal.json
    """
    payload = PayloadFile(given, **how) if given is not None else None
    return new_command.new(quiet(), source, profile, payload, force=force)


@click.command()
@files
@click.option(
    "--last",
    type=click.IntRange(1),
    default=500,
    show_default=True,
    help="Of each source, the newest events.",
)
@click.option("--strict", is_flag=True, help="Exit code 1 where there are findings.")
@as_json
def review(files: tuple[str, ...], last: int, strict: bool, as_json: bool) -> int:
    """Hold mapping files against the stored events of their sources: FILES and folders, or the whole folder.

    Finds paths that are absent in the events that a rule is about, and values that have become another kind
    of value, one finding a line. Nothing is sent or stored.

    Keys of --json: path, line, column, code, level, message.

    \b
    Example:
      leadbridge review mappings/yookassa.yml --last 1000
    """
    return review_command.review(quiet(), files, last, strict=strict, as_json=as_json)


def _kinds(_context: click.Context, _option: click.Parameter, value: str | None) -> frozenset[Kind]:
    words = [word.strip() for word in value.split(",")] if value else []
    kinds = frozenset(kind for kind in KINDS if kind in words)
    if unknown := [word for word in words if word not in KINDS]:
        raise click.BadParameter(f'"{unknown[0]}" is not one of {", ".join(KINDS)}')
    return kinds


@click.command()
@files
@click.option(
    "--since", metavar="WHEN", default="7d", show_default=True, help=f"Events from then on: {WHEN}."
)
@click.option(
    "--limit", type=click.IntRange(1), default=100_000, show_default=True, help="At most so many, the newest."
)
@click.option("--source", help="Only of this source.")
@click.option(
    "--against",
    type=click.Choice(("rules", "calls")),
    help="Compare with the rules of the mapping folder, or with what was called (the default without FILES).",
)
@click.option(
    "--fail-on",
    "fail_on",
    metavar="KINDS",
    callback=_kinds,
    help="Exit code 1 for any: lost,failed for example.",
)
@as_json
def backtest(files: tuple[str, ...], as_json: bool, **how: Any) -> int:
    """Put stored events through edited mapping files: which bot starts they gain, lose or change.

    FILES and folders are the edited ones; they need not be deployed. Without any, the mapping folder is
    tried, against what was called. Events stay as they were decoded when they came. Nothing is sent or
    stored.

    The kinds: gained, lost and changed starts, failed and healed rules.

    Keys of --json: events, differing, total, rules. Of total and each rule: before and after (starts), one
    for each kind, keys (how many starts changed in which); of a rule also source, rule and examples, each
    with kind, event, key (the sender's own id), item, why, changes, before, after.

    \b
    Example:
      leadbridge backtest edited/yookassa.yml --since 7d --fail-on lost,failed
    """
    return backtest_command.run(quiet(), files, backtest_command.How(**how), as_json=as_json)
