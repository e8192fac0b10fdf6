"""From the nodes of `tests:` to Examples, or findings."""

from __future__ import annotations

from bridge.language.keys_rule import TEST
from bridge.language.nodes import Node, Report, Scalar, plain
from bridge.language.schema import Fields, Reader, suggestion
from bridge.mapping.rule_compiler import unique
from bridge.mapping.rules import Example, Expected
from bridge.model import Json


def compile_examples(nodes: tuple[Node, ...], rules: tuple[str, ...], report: Report) -> tuple[Example, ...]:
    """The tests of a file, which has rules of these names; those with errors are reported and left out."""
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
    _check_rules(fields, rules, report)
    if "expect" not in fields and "failed" not in fields:
        report.add(fields.node, "M105", 'test has no "expect"; write [] where nothing starts')
    if any(finding.is_error for finding in report.findings[before:]):
        return None
    return Example(
        name=fields["name"],
        line=fields.at("name").line,
        file=fields["file"],
        body=plain(fields["body"]) if "body" in fields else None,
        headers=tuple((name.lower(), value) for name, value in fields["headers"].items()),
        query=fields["query"],
        expect=tuple(_expected(one) for one in fields["expect"] or ()),
        failed=fields["failed"],
    )


def _check_sample(fields: Fields, report: Report) -> None:
    given = [name for name in ("file", "body") if name in fields]
    if len(given) != 1:
        found = " and ".join(given) or "neither"
        report.add(fields.node, "M305", f"test: expected file or body, found {found}")
    file = fields["file"]
    if file is not None and (file.startswith("/") or ".." in file.split("/") or "\0" in file):
        report.add(
            fields.at("file"), "M305", f'expected a file below the mapping file\'s folder, found "{file}"'
        )


def _check_rules(fields: Fields, rules: tuple[str, ...], report: Report) -> None:
    for node in _named_rules(fields):
        if node.text not in rules:
            report.add(node, "M304", f'no rule is called "{node.text}"{suggestion(node.text, rules)}')


def _named_rules(fields: Fields) -> list[Scalar]:
    """Where a test names a rule."""
    failed = fields.node.get("failed")
    nodes = [one.node.get("rule") for one in fields["expect"] or ()]
    nodes += getattr(failed, "items", ())
    return [node for node in nodes if isinstance(node, Scalar)]


def _expected(fields: Fields) -> Expected:
    return Expected(fields.node.line, {key.text: _value(key.text, fields) for key, _ in fields.node.entries})


def _value(name: str, fields: Fields) -> Json:
    return dict(fields[name]) if name == "variables" else fields[name]
