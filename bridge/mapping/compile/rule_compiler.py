"""Compiles `rules:` to Rules."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from bridge.jsonpath.path import Path
from bridge.language.conditions import Condition, compile_conditions
from bridge.language.keys_rule import RULE
from bridge.language.nodes import Mapping, Node, Report, scalars
from bridge.language.reader import Fields, Reader
from bridge.language.values import read_path
from bridge.mapping.compile.context import CompileContext
from bridge.mapping.compile.start_compiler import compile_start
from bridge.mapping.compile.waiting_compiler import compile_waiting
from bridge.mapping.rules.ids import MAX_NAME
from bridge.mapping.rules.rule import Rule
from bridge.reasons.findings import FindingCode
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason


def compile_rules(
    nodes: tuple[Node, ...], account: str, context: CompileContext, report: Report
) -> tuple[Rule, ...]:
    """Compile the rules of a file. Rules with errors are reported and omitted."""
    names: dict[str, int] = {}
    compiled = (_rule(node, account, context, names, report) for node in nodes)
    return tuple(rule for rule in compiled if rule is not None)


def unique(fields: Fields, what: Literal["rule", "test"], names: dict[str, int], report: Report) -> None:
    """Report a name that is not valid or is used twice; `names` are the names so far with their lines."""
    is_rule = what == "rule"
    name, node = fields["name"], fields.at("name")
    if name is None:
        return
    if not name.strip() or len(name) > MAX_NAME:
        code = MappingCode.RULE_NAME if is_rule else MappingCode.TEST_NAME
        report.add(node, "M209", Reason(code, most=MAX_NAME))
    if name in names:
        code = MappingCode.DUPLICATE_RULE if is_rule else MappingCode.DUPLICATE_TEST
        report.add(node, "M109", Reason(code, name=name, line=names[name]))
    names.setdefault(name, node.line)


def _rule(
    node: Node, account: str, context: CompileContext, names: dict[str, int], report: Report
) -> Rule | None:
    before = len(report.findings)
    fields = Reader(report).table(node, RULE)
    if fields is None:
        return None
    unique(fields, "rule", names, report)
    for_each = _for_each(fields, report)
    conditions = _conditions(fields["when"], report) if "when" in fields else ()
    start = compile_start(fields["start"], report) if "start" in fields else None
    if "start" not in fields and "cancel" not in fields:
        report.add(fields.node, "M105", Reason(MappingCode.NO_START))
    account = fields["account"] or account
    waiting = compile_waiting(fields, account, context, report)
    if any(finding.is_error for finding in report.findings[before:]):
        return None
    return Rule(
        name=fields["name"],
        line=fields.at("name").line,
        column=fields.at("name").column,
        start=start,
        account=account,
        conditions=tuple(one for one in conditions if not one.uses_item),
        item_conditions=tuple(one for one in conditions if one.uses_item),
        for_each=for_each,
        waiting=waiting,
        **{name: fields[name] for name in _COPIED},
    )


_COPIED = ("enabled", "stop", "expires", "order", "on_uncertain", "shadow")


def _conditions(node: Node, report: Report) -> tuple[Condition, ...]:
    """Compile `when`. Keys of the rule under it are reported as what they are."""
    if not isinstance(node, Mapping):
        return compile_conditions(node, report)
    stray = [key for key, _ in node.entries if key.text in RULE.by_name]
    for key in stray:
        report.add(key, "M104", Reason(FindingCode.BESIDE_WHEN, key=key.text))
    entries = tuple(entry for entry in node.entries if entry[0] not in stray)
    return compile_conditions(replace(node, entries=entries), report)


def _for_each(fields: Fields, report: Report) -> Path | None:
    if "for_each" not in fields:
        _refuse_item(fields.node, report)
        return None
    node = fields.at("for_each")
    path = read_path(node, report) if fields["for_each"] is not None else None
    if path is not None and path.root == "$item":
        report.add(node, "M210", Reason(MappingCode.FOR_EACH_ITEM))
        return None
    return path


def _refuse_item(rule: Node, report: Report) -> None:
    """Report each use of `$item` in a rule without `for_each`."""
    for node in scalars(rule):
        if "$item" in node.text and _ITEM.search(node.text):
            report.add(node, "M210", Reason(MappingCode.ITEM_OUTSIDE))


_ITEM = re.compile(r"(?:^|\{)\$item(?![A-Za-z0-9_])")
