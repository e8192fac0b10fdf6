"""`leadbridge check`: every finding of the mapping files."""

from __future__ import annotations

from collections.abc import Sequence

import click

from bridge.commands.output import json_array, printable, say
from bridge.desk.files import UNSET, compile_named
from bridge.desk.words import counted
from bridge.mapping.compiler import Compiled
from bridge.model import Finding, Json
from bridge.settings import Settings

KEYS = ("path", "line", "column", "code", "level", "message")


def check(settings: Settings, files: Sequence[str], *, strict: bool, as_json: bool) -> int:
    """Print the findings; 1 where there are errors, or with `strict` warnings.

    Secrets that are not set in this terminal are named on stderr: the files are well without them.
    """
    compiled = compile_named(settings, files, strict=strict)
    unset = [] if strict else [one for one in compiled.findings if one.code == UNSET]
    shown = [one for one in compiled.findings if strict or one.code != UNSET]
    if as_json:
        click.echo(json_array(_row(one) for one in compiled.findings))
    else:
        for finding in shown:
            click.echo(printable(str(finding)))
    say(_summary(compiled, shown, unset))
    failed = any(one.is_error for one in shown) or (strict and bool(shown))
    return 1 if failed else 0


def _row(finding: Finding) -> dict[str, Json]:
    level = "error" if finding.is_error else "warning"
    values = (finding.path, finding.line, finding.column, finding.code, level, finding.message)
    return dict(zip(KEYS, values, strict=True))


def _summary(compiled: Compiled, shown: list[Finding], unset: list[Finding]) -> str:
    errors = sum(one.is_error for one in shown)
    found = f"{counted(errors, 'error')}, {counted(len(shown) - errors, 'warning')}"
    names = sorted({one.message.split()[2] for one in unset})
    tail = f"; not set here: {', '.join(names)}" if names else ""
    sources = counted(len(compiled.sources), "source")
    return f"{sources} read, {found}{tail}"
