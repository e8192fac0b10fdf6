"""Compiles `success:` of an account: conditions for a 2xx answer of LeadConverter."""

from __future__ import annotations

from collections.abc import Callable

from bridge.jsonpath.scope import Scope
from bridge.language.conditions import Condition, compile_conditions
from bridge.language.nodes import Mapping, Node, Report, Scalar
from bridge.mapping.author.decision_reasons import decision_reason, part
from bridge.model import Json
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason

ROOT = "$"


def compile_success(node: Node | None, report: Report) -> Callable[[Json], Reason | None] | None:
    """A function that returns None if a document meets the conditions, else the reason; None without any."""
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return None
    if isinstance(node, Mapping) and not node.entries:
        report.add(node, "M103", Reason(MappingCode.NO_SUCCESS))
        return None
    conditions = compile_conditions(node, report)
    if isinstance(node, Mapping):
        _check_roots(conditions, node, report)

    def unmet(document: Json) -> Reason | None:
        scope = Scope(document, {}, {}, {})
        for condition in conditions:
            decision = condition.test(scope)
            if not decision.holds:
                return decision_reason(decision, part(condition, decision), None)
        return None

    return unmet


def _check_roots(conditions: tuple[Condition, ...], node: Mapping, report: Report) -> None:
    """Report conditions on another root than the answer's body: they would never hold."""
    keys = {(key.line, key.column): key for key, _ in node.entries}
    for condition in conditions:
        strays = sorted({path.root for path in condition.paths} - {ROOT})
        if strays:
            stray = Reason(MappingCode.NOT_IN_ANSWER, root=strays[0])
            report.add(keys[condition.line, condition.column], "M210", stray)
