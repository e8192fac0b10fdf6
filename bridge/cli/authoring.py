"""Commands for those who write mapping files. None of them sends or stores anything."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.common import WHEN, as_json, files, quiet
from bridge.commands import backtest as backtest_command
from bridge.commands import check as check_command
from bridge.commands import new as new_command
from bridge.commands import profiles as profiles_command
from bridge.commands import schema as schema_command
from bridge.commands import test as test_command
from bridge.commands import try_ as try_command
from bridge.mapping.differences import KINDS, Kind


@click.command()
@files
@click.option("--strict", is_flag=True, help="Warnings fail, too, and there are more of them.")
@as_json
def check(files: tuple[str, ...], strict: bool, as_json: bool) -> int:
    """Look for mistakes in mapping files: FILES and folders, or the whole mapping folder.

    Prints one finding a line, path:line:column: CODE message, and nothing where all is well. Exit code 1
    where there are errors. Secrets need not be set; those that are not are named on stderr.

    Keys of --json: path, line, column, code, level, message.

    \b
    Example:
      leadbridge check mappings/yookassa.yml
    """
    return check_command.check(quiet(), files, strict=strict, as_json=as_json)


@click.command()
@files
@click.option("--coverage", is_flag=True, help="Tell which rules and conditions no test exercises.")
@click.option("--junit", metavar="FILE", help="Write the results as JUnit XML, for build servers.")
@click.option("--update", is_flag=True, help="Write what the tests showed into their `expect:`.")
@as_json
def test(files: tuple[str, ...], as_json: bool, **extras: Any) -> int:
    """Run the `tests:` of mapping files: FILES and folders, or the whole mapping folder.

    Prints what differs from the expected bot starts. Exit code 1 where a test fails, or there is none.

    --update prints the same differences, then makes the files expect what was shown. Nothing else of a file
    changes; where that is not possible it says why and leaves the test as it is.

    A condition is exercised where it holds in one test and not in another.

    Keys of --json: file, line, name, passed, differences, starts, failed. With --coverage an object of two
    arrays: tests, these, and gaps, each with file, line, rule, condition (empty: the rule itself), lack.

    \b
    Example:
      leadbridge test mappings/yookassa.yml --coverage
    """
    return test_command.test(quiet(), files, test_command.Extras(**extras), as_json=as_json)


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
    payload = try_command.Payload(given, **how) if given is not None else None
    return new_command.new(quiet(), source, profile, payload, force=force)


@click.command("try")
@click.argument("source")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--header", "headers", multiple=True, metavar='"NAME: VALUE"', help="A header; may be repeated."
)
@click.option("--query", default="", help="The query string: what follows ? in the URL.")
@click.option("--method", help="The request's method (the source's first).")
@as_json
def try_(
    source: str, file: str, headers: tuple[str, ...], query: str, method: str | None, as_json: bool
) -> int:
    """Put a payload through the rules of SOURCE: what matches, what nearly does and why not, the exact call.

    FILE holds the raw body of a webhook, - reads it from stdin. SOURCE is the name of a source or a mapping
    file. Nothing is verified, sent or stored. Exit code 1 where a rule matches but lacks a value.

    Keys of --json, for each event: source, file, id, type, document, ping, rules, failures, calls.

    \b
    Example:
      leadbridge try yookassa mappings/samples/yookassa-paid.json
    """
    payload = try_command.Payload(file, headers, query, method)
    return try_command.try_(quiet(), source, payload, as_json=as_json)


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


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def profiles(context: click.Context, as_json: bool) -> int:
    """List the built-in source definitions: `profile:` of a mapping file names one.

    Keys of --json: name and those of `profiles show NAME --json`.

    \b
    Example:
      leadbridge profiles show yookassa
    """
    if context.invoked_subcommand is None:
        return profiles_command.profiles(quiet(), as_json=as_json)
    return 0


@profiles.command("show")
@click.argument("name")
@as_json
def show_profile(name: str, as_json: bool) -> int:
    """What to enter at the vendor, what is verified, and a mapping file to begin with.

    \b
    Example:
      leadbridge profiles show stripe
    """
    return profiles_command.show_profile(name, as_json=as_json)


@click.command()
@click.option("--accounts", is_flag=True, help="Of mappings/accounts.yml instead.")
def schema(accounts: bool) -> int:
    """The JSON Schema of mapping files, for editors that complete and check while you type.

    Point the editor at it with the first line of a mapping file, for instance
    `# yaml-language-server: $schema=../mapping.schema.json`.

    \b
    Example:
      leadbridge schema > mapping.schema.json
    """
    return schema_command.schema(accounts=accounts)
