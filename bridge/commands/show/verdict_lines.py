"""Lines about one rule that every command shows alike."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.commands.show.language import said
from bridge.commands.show.output import Screen, printable
from bridge.mapping.author.explain import RuleEvaluation, failure_reason
from bridge.model import Failure, Verdict
from bridge.reasons.explain import ExplainCode
from bridge.reasons.reason import Reason


def missing(failure: Failure, screen: Screen) -> str:
    """What a rule lacked."""
    return (
        f"{screen.paint(said(Reason(ExplainCode.MISSING)), 'red')} {printable(said(failure_reason(failure)))}"
    )


def condition_line(verdict: Verdict) -> str:
    """The condition that decided, and its line in the mapping file."""
    at = Reason(ExplainCode.AT_LINE, line=verdict.line, condition=verdict.condition)
    return printable(said(at))


def evaluation_lines(evaluation: RuleEvaluation, screen: Screen) -> Iterator[str]:
    """Every condition of a rule: whether it holds, and why not."""
    for line in evaluation.conditions:
        mark = screen.paint("✓", "green") if line.holds else screen.paint("✗", "red")
        yield f"    {mark} {printable(line.condition)}"
        if not line.holds:
            yield f"      {printable(said(line.reason))}"
