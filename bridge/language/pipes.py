"""Compiles a `pipe:`: functions that are applied from left to right."""

from __future__ import annotations

from bridge.did_you_mean import suggestion
from bridge.jsonpath.scope import ABSENT
from bridge.language.functions import FUNCTIONS, Function, Step
from bridge.language.functions.base import Arguments, UnfitError, each
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence
from bridge.language.reader import Reader
from bridge.language.schema import describe, expected
from bridge.language.text import Unusable
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

MAX_STEPS = 20


def compile_pipe(node: Node, report: Report) -> tuple[Step, ...] | None:
    """Compile the steps of a pipe, a list or a single step; None after an error in the report."""
    items = node.items if isinstance(node, Sequence) else (node,)
    if len(items) > MAX_STEPS:
        report.add(node, "M204", Reason(FindingCode.PIPE_TOO_LONG, length=len(items), limit=MAX_STEPS))
        return None
    steps = [_step(item, report) for item in items]
    compiled = tuple(step for step in steps if step is not None)
    return compiled if len(compiled) == len(steps) else None


def _step(node: Node, report: Report) -> Step | None:
    function = _named(node, report)
    if function is None:
        return None
    arguments = _arguments(node, function, report)
    if arguments is None:
        return None
    try:
        step = function.build(arguments)
    except UnfitError as unfit:
        report.add(unfit.at, unfit.code, Reason(FindingCode.AT_NAME, name=function.name, fault=unfit.reason))
        return None
    return guarded(function.name, step, function.whole, function.takes_absent)


def _named(node: Node, report: Report) -> Function | None:
    """The function that a step names: a text, or the first key of a mapping that is a function's name."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        names = [node]
    elif isinstance(node, Mapping) and node.entries:
        names = [key for key, _ in node.entries]
    else:
        report.add(node, "M203", expected(FindingCode.A_FUNCTION, node))
        return None
    for one in names:
        if one.text in FUNCTIONS:
            return FUNCTIONS[one.text]
    name = names[0].text
    hint = suggestion(name, list(FUNCTIONS))
    report.add(names[0], "M203", Reason(FindingCode.UNKNOWN_FUNCTION, name=name, hint=hint))
    return None


def _arguments(node: Node, function: Function, report: Report) -> Arguments | None:
    name = function.name
    main = node.get(name) if isinstance(node, Mapping) else None
    if main is None or (isinstance(main, Scalar) and main.value is None and not main.quoted):
        if function.required:
            fault = Reason(FindingCode.ARGUMENT_MISSING, example=f"{{{name}: …}}")
            report.add(node, "M204", Reason(FindingCode.AT_NAME, name=name, fault=fault))
            return None
        node = _without(node, name)
    elif function.argument is None:
        fault = Reason(FindingCode.NO_ARGUMENT, found=describe(main))
        report.add(main, "M204", Reason(FindingCode.AT_NAME, name=name, fault=fault))
        return None
    before = len(report.findings)
    fields = Reader(report).table(node, function.table)
    if fields is None or any(finding.is_error for finding in report.findings[before:]):
        return None
    return Arguments(name, fields, report)


def _without(node: Node, name: str) -> Mapping:
    entries = node.entries if isinstance(node, Mapping) else ()
    return Mapping(node.line, node.column, tuple(entry for entry in entries if entry[0].text != name))


def guarded(name: str, step: Step, whole: bool = False, takes_absent: bool = False) -> Step:
    """The step as a pipe runs it: on elements of lists, not on absent values, named in its errors."""
    once = step if whole else each(step)

    def run(value: Json) -> Json:
        if (value is None or value is ABSENT) and not takes_absent:
            return value
        try:
            return once(value)
        except Unusable as unusable:
            reason = Reason(RuleCode.IN_FUNCTION, function=name, why=unusable.reason)
            raise Unusable(reason, cure=unusable.cure) from unusable

    return run
