"""Finds what is valid in a mapping file but probably not meant. Needs only the file, no history."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bridge.jsonpath.ast import Digits, Name, PathError
from bridge.jsonpath.grammar import parse
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence, scalars
from bridge.mapping.lint.contradictions import contradiction, dead_alternatives
from bridge.mapping.lint.recipients import lint_recipients
from bridge.mapping.lint.unreachable import duplicate_rules, unreachable_rules
from bridge.mapping.rules.rule import Rule
from bridge.model import Finding
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason

_DOTTED = re.compile(r"\.\s*\d")
_COMMENT = re.compile(r"(?:^|\s)#\s*\S")


def lint(node: Mapping, rules: tuple[Rule, ...], report: Report, *, forms_only: bool) -> None:
    """Add the warnings about a file without errors. `forms_only`: its source accepts only forms."""
    active = [rule for rule in rules if rule.enabled]
    for rule, earlier in unreachable_rules(active):
        _warn(report, rule, "W505", Reason(MappingCode.NEVER_REACHED, rule=earlier.name, line=earlier.line))
    for rule, earlier in duplicate_rules(active):
        _warn(report, rule, "W506", Reason(MappingCode.SAME_START, rule=earlier.name, line=earlier.line))
    for rule in active:
        _lint_conditions(rule, report)
    lint_recipients(node.get("rules"), report)
    if not forms_only:
        _lint_numbers(node.get("rules"), report)
    if rules and node.get("tests") is None:
        report.add(node.key("rules") or node, "W504", Reason(MappingCode.NO_TESTS))


def notice(node: Mapping, text: str, report: Report) -> None:
    """Add notices about what may be meant, but should be checked: `forced: true` without a comment."""
    lines = text.splitlines()
    for flag in _forced(node.get("rules")):
        here, above = lines[flag.line - 1][flag.column - 1 :], lines[flag.line - 2 : flag.line - 1]
        if not _COMMENT.search(here) and not any(line.lstrip().startswith("#") for line in above):
            report.add(flag, "N508", Reason(MappingCode.FORCED_UNEXPLAINED))


def _warn(report: Report, rule: Rule, code: str, reason: Reason) -> None:
    report.findings.append(Finding(report.path, rule.line, rule.column, code, reason))


def _lint_conditions(rule: Rule, report: Report) -> None:
    whole = contradiction(rule.all_conditions)
    for found in [whole] if whole else dead_alternatives(rule.all_conditions):
        at = found.condition
        report.findings.append(Finding(report.path, at.line, at.column, "W507", found.reason))


def _lint_numbers(rules: Node | None, report: Report) -> None:
    """Warn about a number after a dot: in JSON it may mean an index or a key. In forms it is always a key."""
    for one in scalars(rules) if rules else ():
        if number := _dotted_number(one.text):
            report.add(one, "W512", Reason(MappingCode.DOTTED_NUMBER, number=number))


def _dotted_number(text: str) -> str | None:
    """The first step of a path that is a number after a dot."""
    if not text.startswith("$") or not _DOTTED.search(text):
        return None
    try:
        query = parse(text)
    except PathError:
        return None
    names = (one.name for step in query.segments for one in step.selectors if isinstance(one, Name))
    return next((name for name in names if isinstance(name, Digits)), None)


def _forced(rules: Node | None) -> Iterator[Scalar]:
    """Every `forced: true` of the rules."""
    for rule in rules.items if isinstance(rules, Sequence) else ():
        start = rule.get("start") if isinstance(rule, Mapping) else None
        flag = start.get("forced") if isinstance(start, Mapping) else None
        if isinstance(flag, Scalar) and flag.value is True:
            yield flag
