"""Values and conditions from YAML texts, held against documents."""

from __future__ import annotations

from bridge.jsonpath.scope import ABSENT, Scope
from bridge.language.conditions import Decision, compile_conditions, decide
from bridge.language.document import read
from bridge.language.nodes import Report
from bridge.language.text import Unusable
from bridge.language.values import Value, compile_value
from bridge.model import Json


def scope(body: Json = None, item: Json = ABSENT) -> Scope:
    """An event whose document is the body."""
    headers = {"x-kind": "order"}
    event = {"id": "e-1", "type": "paid", "source": "shop", "received_at": 1_700_000_000_000}
    return Scope(body, headers, {"page": "7"}, event, item)


def value_of(text: str) -> tuple[Value | None, list[str]]:
    """The value of a YAML text, and its findings."""
    report = Report("rules.yml")
    node = read(text.encode(), report)
    value = compile_value(node, report) if node is not None else None
    return value, [str(finding) for finding in report.findings]


def render(text: str, body: Json = None, item: Json = ABSENT) -> Json:
    """What the value of a YAML text is for a document."""
    value, findings = value_of(text)
    assert value is not None, findings
    return value.render(scope(body, item))


def unusable(text: str, body: Json = None) -> str:
    """Why the value of a YAML text cannot be used for a document."""
    try:
        result = render(text, body)
    except Unusable as error:
        return error.message
    raise AssertionError(f"it was used: {result!r}")


def piped(step: str, value: Json) -> Json:
    """What one function makes of a value."""
    return render(f"{{path: $.it, pipe: [{step}]}}", {"it": value})


def refused(step: str, value: Json) -> str:
    """Why one function does not take a value."""
    return unusable(f"{{path: $.it, pipe: [{step}]}}", {"it": value})


def findings_of_step(step: str) -> list[str]:
    """The findings of one function, the columns counted from where it begins."""
    start = len("{path: $.it, pipe: [")
    _, findings = value_of(f"{{path: $.it, pipe: [{step}]}}")
    return [_moved(finding, start) for finding in findings]


def _moved(finding: str, by: int) -> str:
    _, _, column, rest = finding.split(":", 3)
    return f"{int(column) - by}:{rest}"


def decision(text: str, body: Json = None, item: Json = ABSENT) -> Decision:
    """The decision of the conditions of a YAML text about a document."""
    report = Report("rules.yml")
    node = read(text.encode(), report)
    conditions = compile_conditions(node, report) if node is not None else ()
    assert not report.findings, [str(finding) for finding in report.findings]
    return decide(conditions, scope(body, item))


def holds(text: str, body: Json = None, item: Json = ABSENT) -> bool:
    return decision(text, body, item).holds


def findings_of_conditions(text: str) -> list[str]:
    report = Report("rules.yml")
    node = read(text.encode(), report)
    if node is not None:
        compile_conditions(node, report)
    return [str(finding).removeprefix("rules.yml:") for finding in report.findings]
