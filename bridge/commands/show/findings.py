"""Findings of mapping files: printed as lines or JSON, counted by level, made an exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import click

from bridge.commands.show.language import said
from bridge.commands.show.output import json_array, printable
from bridge.model import Finding, Json
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason

KEYS = ("path", "line", "column", "code", "level", "message")


def print_findings(findings: Iterable[Finding], *, as_json: bool) -> None:
    """Print findings, one a line or as an array."""
    if as_json:
        click.echo(json_array(_row(one) for one in findings))
        return
    for finding in findings:
        click.echo(printable(said(finding.whole)))


def levels(findings: Iterable[Finding]) -> tuple[Reason, ...]:
    """How many findings there are of each level; notices only if there are any."""
    many = Counter(one.level for one in findings)
    errors = Reason(MappingCode.ERRORS, count=many["error"])
    warnings = Reason(MappingCode.WARNINGS, count=many["warning"])
    notices = (Reason(MappingCode.NOTICES, count=many["notice"]),) if many["notice"] else ()
    return (errors, warnings, *notices)


def exit_code(findings: Iterable[Finding], *, strict: bool) -> int:
    """1 if there are errors, with `strict` also if there are warnings; notices never fail."""
    fail = {"error", "warning"} if strict else {"error"}
    return 1 if any(one.level in fail for one in findings) else 0


def _row(finding: Finding) -> dict[str, Json]:
    values = (finding.path, finding.line, finding.column, finding.code, finding.level, finding.message)
    return dict(zip(KEYS, values, strict=True))
