"""`leadbridge review`: compare mapping files with stored events."""

from __future__ import annotations

from collections.abc import Sequence

import click

from bridge.commands.access import opened
from bridge.commands.options import as_json, files, quiet
from bridge.commands.show.findings import exit_code, levels, print_findings
from bridge.commands.show.language import said
from bridge.commands.show.output import say
from bridge.operations.authoring import review as operation
from bridge.operations.authoring.mapping_files import compile_named, require_valid
from bridge.reasons.commands import CommandCode
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings


@click.command()
@files
@click.option(
    "--last",
    type=click.IntRange(1),
    default=500,
    show_default=True,
    help="How many events of each source, the newest.",
)
@click.option("--strict", is_flag=True, help="Exit code 1 if there are findings.")
@as_json
def review(files: tuple[str, ...], last: int, strict: bool, as_json: bool) -> int:
    """Compare mapping files with the stored events of their sources: FILES and folders, or the whole folder.

    Finds paths that are absent in the events that a rule is for, and values whose type has changed. Prints
    one finding a line. Nothing is sent or stored.

    Keys of --json: path, line, column, code, level, message.

    \b
    Example:
      leadbridge review mappings/yookassa.yml --last 1000
    """
    return review_files(quiet(), files, last, strict=strict, as_json=as_json)


def review_files(settings: Settings, files: Sequence[str], last: int, *, strict: bool, as_json: bool) -> int:
    """Print findings from the `last` events of each source; with `strict` return 1 if there are any."""
    sources = require_valid(compile_named(settings, files), files).sources
    with opened(settings) as store:
        found = operation.review(store, sources, last)
    print_findings(found.findings, as_json=as_json)
    events = Reason(CommandCode.EVENTS, count=found.events)
    of = Reason(MappingCode.SOURCES, count=len(sources))
    say(said(Reason(MappingCode.REVIEWED, events=events, sources=of, levels=levels(found.findings))))
    return exit_code(found.findings, strict=strict)
