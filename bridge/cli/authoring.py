"""Commands for those who write mapping files. None of them sends or stores anything."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.common import as_json, files, quiet
from bridge.commands import check as check_command
from bridge.commands import profiles as profiles_command
from bridge.commands import schema as schema_command
from bridge.commands import test as test_command
from bridge.commands import try_ as try_command
from bridge.commands.payload import PayloadFile


@click.command()
@files
@click.option("--strict", is_flag=True, help="Warnings fail, too, so secrets must be set.")
@as_json
def check(files: tuple[str, ...], strict: bool, as_json: bool) -> int:
    """Look for mistakes in mapping files: FILES and folders, or the whole mapping folder.

    Prints one finding a line, path:line:column: CODE message, and nothing where all is well. Exit code 1
    where there are errors (M…), with --strict also where there are warnings (W…); notices (N…) never
    fail. A secret that is not set here is a warning: where the bridge runs, it closes its source.

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
    given = PayloadFile(file, headers, query, method)
    return try_command.try_(quiet(), source, given, as_json=as_json)


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
