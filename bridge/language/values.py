"""Compiles values of a mapping file: literals, paths, templates, and objects with functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.jsonpath.path import Path, PathError, compile_path, is_path
from bridge.jsonpath.scope import ABSENT, Scope
from bridge.language.functions import FUNCTIONS, Many, Step
from bridge.language.functions.base import UnfitError
from bridge.language.functions.choices import look_up, table_of
from bridge.language.nodes import Mapping, Node, Report, Scalar
from bridge.language.pipes import compile_pipe, guarded
from bridge.language.reader import Fields, Reader
from bridge.language.schema import Key, Place, Raw, Table, expected, letters
from bridge.language.templates import Template, compile_template, is_template
from bridge.language.text import Unusable
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

_IN_PIPE = {
    letters(name): Reason(FindingCode.WRITE_IN_PIPE, example=f"{{{name}: …}}" if one.required else name)
    for name, one in FUNCTIONS.items()
}
VALUE = Table(
    Reason(FindingCode.NOUN_VALUE),
    (
        Key("path", Raw("path"), "path of the value in the event"),
        Key("value", Raw("literal"), "literal value, even if it begins with $"),
        Key("template", Raw("template"), "text that contains paths: `Order {$.id}`"),
        Key("pipe", Raw("functions"), "functions that change the value, from left to right"),
        Key("map", Raw("table"), "table of results by value; absent if the table has no entry"),
        Key("default", Raw("value"), "replaces an absent or null value"),
    ),
    _IN_PIPE,
)
_JOIN = Reason(FindingCode.JOIN_IN_TEMPLATE, example='"{$.a}-{$.b}"')
ORIGINS = ("path", "value", "template")


@dataclass(frozen=True, slots=True)
class Value:
    """A compiled value. `render` gives a value, None for null, or ABSENT. It raises Unusable."""

    text: str
    """Its origin as written in the file: a path, a template or the literal."""
    render: Callable[[Scope], Json]
    paths: tuple[Path, ...] = ()
    literal: Json = ABSENT
    """The value, if it is the same for every event; otherwise ABSENT."""
    line: int = 0
    """Line of the path, template or literal; `column` is its column."""
    column: int = 0

    @property
    def uses_item(self) -> bool:
        """Whether it depends on the element of `for_each`."""
        return any(path.root == "$item" for path in self.paths)


def compile_value(node: Node, report: Report, place: Place | None = None) -> Value | None:
    """Compile the value of a node; None after an error in the report. `place` is where it is, for advice."""
    if isinstance(node, Mapping):
        return _object(node, report, place)
    if not isinstance(node, Scalar):
        several = Reason(FindingCode.WITH_ADVICE, what=expected(FindingCode.A_VALUE, node), advice=_JOIN)
        report.add(node, "M209", several)
        return None
    if isinstance(node.value, str) and is_path(node.value):
        return _path(node, report)
    if isinstance(node.value, str) and is_template(node.value):
        return _template(node, report)
    return _literal(node)


def report_path(report: Report, node: Node, error: PathError) -> None:
    """Report an error of a path or template at its position."""
    report.add(node, error.code, error.whole, error.offset)


def read_path(node: Node, report: Report) -> Path | None:
    """Compile the path in a scalar; None after an error in the report."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        report.add(node, "M103", expected(FindingCode.A_PATH, node))
        return None
    try:
        return compile_path(node.value)
    except PathError as error:
        report_path(report, node, error)
        return None


def _literal(node: Scalar) -> Value:
    value = node.value
    return Value(node.text, lambda _: value, (), value, node.line, node.column)


def _path(node: Scalar, report: Report) -> Value | None:
    path = read_path(node, report)
    return None if path is None else _from_path(path, _only_value(path), node)


def _from_path(path: Path, render: Callable[[Scope], Json], node: Node) -> Value:
    return Value(path.text, render, (path,), ABSENT, node.line, node.column)


def _only_value(path: Path) -> Callable[[Scope], Json]:
    """A function that gives the only value of a path. It raises Unusable if there are several."""
    if path.definite:
        return path.first
    return lambda scope: _collapse(Many(path.find(scope)), path.text)


def _collapse(value: Json, text: str) -> Json:
    """The result of a wildcard or filter as one value."""
    if type(value) is not Many:
        return value
    if len(value) > 1:
        reason = Reason(RuleCode.MANY_VALUES, what=text, size=len(value))
        raise Unusable(reason, text, Reason(RuleCode.PICK_OF_VALUES))
    return value[0] if value else ABSENT


def _template(node: Scalar, report: Report) -> Value | None:
    try:
        template = compile_template(node.text)
    except PathError as error:
        report_path(report, node, error)
        return None
    return Value(template.text, _render(template), template.paths, ABSENT, node.line, node.column)


def _render(template: Template) -> Callable[[Scope], Json]:
    """A function that gives the text, or ABSENT if a path in it is absent or null."""

    def render(scope: Scope) -> Json:
        try:
            return template.render(scope)
        except Unusable:
            if any(_is_missing(path, scope) for path in template.paths):
                return ABSENT
            raise

    return render


def _is_missing(path: Path, scope: Scope) -> bool:
    found = path.find(scope)
    return not found or found == [None]


def _object(node: Mapping, report: Report, place: Place | None) -> Value | None:
    before = len(report.findings)
    fields = Reader(report).table(node, VALUE, place)
    if fields is None or any(finding.is_error for finding in report.findings[before:]):
        return None
    origin = _origin(node, report)
    if origin is None:
        return None
    steps = _steps(fields, report)
    default = compile_value(fields["default"], report) if "default" in fields else None
    if steps is None or ("default" in fields and default is None):
        return None
    return _composed(origin, steps, default)


def _origin(node: Mapping, report: Report) -> Value | None:
    """Compile `path`, `value` or `template`. A path gives all its values, so that functions get every one."""
    written = [key for key, _ in node.entries if key.text in ORIGINS]
    if len(written) != 1:
        found = tuple(key.text for key in written) or Reason(FindingCode.NONE)
        report.add(node, "M209", Reason(FindingCode.ONE_ORIGIN, found=found))
        return None
    name, child = written[0].text, node.get(written[0].text) or node
    if not isinstance(child, Scalar):
        fault = expected(FindingCode.SINGLE_VALUE, child)
        report.add(child, "M209", Reason(FindingCode.AT_NAME, name=name, fault=fault))
        return None
    if name == "value":
        return _literal(child)
    if name == "template":
        return _template(child, report)
    path = read_path(child, report)
    return None if path is None else _from_path(path, _all(path), child)


def _all(path: Path) -> Callable[[Scope], Json]:
    return path.first if path.definite else lambda scope: Many(path.find(scope))


def _steps(fields: Fields, report: Report) -> tuple[Step, ...] | None:
    """Compile the functions of `pipe`, then the table of `map`."""
    steps = compile_pipe(fields["pipe"], report) if "pipe" in fields else ()
    if "map" not in fields:
        return steps
    try:
        table = guarded("map", look_up(table_of(fields["map"])))
    except UnfitError as unfit:
        report.add(unfit.at, "M209", Reason(FindingCode.AT_NAME, name="map", fault=unfit.reason))
        return None
    return None if steps is None else (*steps, table)


def _composed(origin: Value, steps: tuple[Step, ...], default: Value | None) -> Value:
    text, start = origin.text, origin.render

    def render(scope: Scope) -> Json:
        try:
            value = start(scope)
            for step in steps:
                value = step(value)
            value = _collapse(value, text)
        except Unusable as unusable:
            raise Unusable(unusable.reason, unusable.path or text, unusable.cure) from unusable
        if default is not None and (value is None or value is ABSENT):
            return default.render(scope)
        return value

    paths = origin.paths + (default.paths if default else ())
    constant = origin.literal if not steps and default is None else ABSENT
    return Value(text, render, paths, constant, origin.line, origin.column)
