"""Compiles `tests:` to Examples."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.did_you_mean import suggestion
from bridge.language.keys_rule import EXPECTED, FAILED, TEST
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence, plain
from bridge.language.reader import Fields, Reader
from bridge.language.schema import Place, describe
from bridge.mapping.compile.rule_compiler import unique
from bridge.mapping.rules.apply import Example, Expected
from bridge.mapping.rules.due import read_instant
from bridge.reasons.errors import ErrorCode
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason


def compile_examples(nodes: tuple[Node, ...], rules: tuple[str, ...], report: Report) -> tuple[Example, ...]:
    """Compile the tests of a file with rules of these names. Tests with errors are reported and omitted."""
    names: dict[str, int] = {}
    compiled = (_example(node, rules, names, report) for node in nodes)
    return tuple(example for example in compiled if example is not None)


def _example(node: Node, rules: tuple[str, ...], names: dict[str, int], report: Report) -> Example | None:
    before = len(report.findings)
    fields = Reader(report).table(node, TEST)
    if fields is None:
        return None
    unique(fields, "test", names, report)
    _check_sample(fields, report)
    now = _instant(fields, "now", report)
    starts, failed = _outcomes(fields, report)
    _check_rules([one.get("rule") for one in starts], rules, report)
    _check_rules(failed, rules, report)
    if not any(name in fields for name in ("expect", "failed", "cancelled")):
        report.add(fields.node, "M105", Reason(MappingCode.NO_EXPECT))
    expect = tuple(_expected(one, report) for one in starts)
    if any(finding.is_error for finding in report.findings[before:]):
        return None
    return Example(
        name=fields["name"],
        line=fields.at("name").line,
        file=fields["file"],
        body=plain(fields["body"]) if "body" in fields else None,
        headers=tuple((name.lower(), value) for name, value in fields["headers"].items()),
        query=fields["query"],
        expect=expect,
        failed=tuple(node.text for node in failed if isinstance(node, Scalar)),
        cancelled=fields["cancelled"],
        now=now or 0,
    )


def _outcomes(fields: Fields, report: Report) -> tuple[list[Mapping], list[Node]]:
    """The expected starts, and the names of rules that are expected to fail."""
    expected = fields["expect"] or ()
    failures = [node for node in expected if isinstance(node, Mapping) and node.get("failed") is not None]
    failed = list(_items(fields.node.get("failed")))
    for node in failures:
        Reader(report).table(node, FAILED)
        failed += _items(node.get("failed"))
    starts = [node for node in expected if node not in failures]
    for node in starts:
        if not isinstance(node, Mapping):
            found = Reason(MappingCode.NOT_A_START, example="{bot_id: 1}", found=describe(node))
            report.add(node, "M103", found)
    return [node for node in starts if isinstance(node, Mapping)], failed


def _items(node: Node | None) -> tuple[Node, ...]:
    if isinstance(node, Sequence):
        return node.items
    return () if node is None else (node,)


def _check_sample(fields: Fields, report: Report) -> None:
    given = [name for name in ("file", "body") if name in fields]
    if len(given) != 1:
        code = MappingCode.TWO_SAMPLES if given else MappingCode.NO_SAMPLE
        report.add(fields.node, "M305", Reason(code))
    file = fields["file"]
    if file is not None and (file.startswith("/") or ".." in file.split("/") or "\0" in file):
        report.add(fields.at("file"), "M305", Reason(MappingCode.SAMPLE_OUTSIDE, file=file))


def _check_rules(nodes: Iterable[Node | None], rules: tuple[str, ...], report: Report) -> None:
    for node in nodes:
        if isinstance(node, Scalar) and node.text not in rules:
            hint = suggestion(node.text, rules)
            report.add(node, "M304", Reason(ErrorCode.NO_RULE_CALLED, name=node.text, hint=hint))


def _expected(node: Mapping, report: Report) -> Expected:
    fields = Reader(report).table(node, EXPECTED, Place(TEST, "expect"))
    known = {} if fields is None else fields.values
    values = {name: value for name, value in known.items() if node.get(name) is not None}
    if fields is not None:
        _instant(fields, "due", report)
    if "variables" in values:
        values["variables"] = _variables(node.get("variables"), report)
    return Expected(node.line, values)


def _instant(fields: Fields, name: str, report: Report) -> int | None:
    """The unix milliseconds of a time with its offset; None if it is absent or invalid, which is reported."""
    text = fields[name]
    found = None if text is None else read_instant(text)
    if text is not None and found is None:
        node = fields.at(name)
        example = "2026-12-01T10:00+03:00"
        report.add(node, "M209", Reason(MappingCode.NOT_INSTANT, example=example, found=describe(node)))
    return found


def _variables(node: Node | None, report: Report) -> dict[str, str]:
    """The expected variables as texts. Numbers, true and false keep their spelling in the file."""
    expected = {}
    for key, child in node.entries if isinstance(node, Mapping) else ():
        if isinstance(child, Scalar) and (child.value is not None or child.quoted):
            expected[key.text] = child.text
        else:
            report.add(child, "M103", Reason(MappingCode.NOT_A_VARIABLE, found=describe(child)))
    return expected
