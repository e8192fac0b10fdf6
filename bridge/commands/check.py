"""`leadbridge check`: find mistakes in mapping files."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import click

from bridge.commands.options import as_json, files, quiet
from bridge.commands.show.findings import exit_code, levels, print_findings
from bridge.commands.show.language import said
from bridge.commands.show.output import say
from bridge.model import Finding
from bridge.operations.authoring.mapping_files import UNSET, compile_named
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings


@click.command()
@files
@click.option("--strict", is_flag=True, help="Warnings fail, too, so secrets must be set.")
@as_json
def check(files: tuple[str, ...], strict: bool, as_json: bool) -> int:
    """Find mistakes in mapping files: FILES and folders, or the whole mapping folder.

    Prints one finding a line: path:line:column: CODE message. Exit code 1 if there are errors (M…), with
    --strict also if there are warnings (W…); notices (N…) never fail. A secret that is not set in this
    terminal is a warning; a running bridge without it accepts no webhooks of the source.

    Keys of --json: path, line, column, code, level, message.

    \b
    Example:
      leadbridge check mappings/yookassa.yml
    """
    return check_files(quiet(), files, strict=strict, as_json=as_json)


def check_files(settings: Settings, files: Sequence[str], *, strict: bool, as_json: bool) -> int:
    """Print the findings; return 1 if there are errors, or with `strict` warnings.

    A variable that is not set in this terminal is a warning: the files themselves are correct.
    """
    compiled = compile_named(settings, files, notices=True, now_ms=int(time.time() * 1000))
    print_findings(compiled.findings, as_json=as_json)
    sources = Reason(MappingCode.SOURCES, count=len(compiled.sources))
    unset = _unset(compiled.findings)
    say(said(Reason(MappingCode.CHECKED, sources=sources, levels=levels(compiled.findings), unset=unset)))
    return exit_code(compiled.findings, strict=strict)


def _unset(findings: Iterable[Finding]) -> Reason | None:
    """The variables that are not set in this terminal."""
    names = {str(one.reason.params["variable"]) for one in findings if one.code == UNSET}
    return Reason(MappingCode.UNSET_HERE, variables=tuple(sorted(names))) if names else None
