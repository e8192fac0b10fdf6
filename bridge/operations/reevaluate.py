"""Evaluates the current rules on a stored event again, for rules without a stored verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.did_you_mean import suggestion
from bridge.errors import UsageError
from bridge.mapping.author.explain import RuleEvaluation, evaluate_rules, near_misses
from bridge.mapping.rules.apply import MappingFile
from bridge.model import Verdict
from bridge.operations.reread import Rereader
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.reports.event_views import StoredEvent

_NEAREST = 5


@dataclass(frozen=True, slots=True)
class OmittedRules:
    """The rules of a large set without a stored verdict: they neither matched nor nearly matched."""

    count: int
    changed: bool
    """Whether the rules have changed since the event was handled."""
    known: bool
    """Whether the current rules are available."""
    near: tuple[Verdict, ...]
    """Verdicts of current rules that match except for one condition."""


def omitted_rules(stored: StoredEvent, sources: Mapping[str, MappingFile]) -> OmittedRules | None:
    """The rules without a stored verdict; None if all have one."""
    if not stored.omitted or stored.event is None:
        return None
    mapping = sources.get(stored.line.source)
    if mapping is None:
        return OmittedRules(stored.omitted, changed=False, known=False, near=())
    event = Rereader().event(mapping.source, stored) or stored.event
    near = near_misses(mapping, event, {one.rule for one in stored.verdicts}, _NEAREST)
    return OmittedRules(stored.omitted, mapping.version != stored.rules_version, known=True, near=near)


@dataclass(frozen=True, slots=True)
class Reevaluation:
    """The results of all conditions of a current rule for a stored event."""

    file: str
    changed: bool
    """Whether the rules have changed since the event was handled."""
    evaluation: RuleEvaluation


def reevaluate(stored: StoredEvent, sources: Mapping[str, MappingFile], name: str) -> Reevaluation:
    """Evaluate the current rule of that name on the event; raises UsageError."""
    mapping = sources.get(stored.line.source)
    event = Rereader().event(mapping.source, stored) if mapping else None
    if mapping is None or event is None:
        gone = Reason(ErrorCode.SOURCE_GONE, source=stored.line.source)
        why = Reason(ErrorCode.NO_DOCUMENT) if stored.event is None else gone
        raise UsageError(Reason(ErrorCode.NOT_HELD, number=stored.line.id, why=why))
    evaluation = next((one for one in evaluate_rules(mapping, event) if one.rule == name), None)
    if evaluation is None:
        known = [rule.name for rule in mapping.rules if rule.enabled]
        hint = suggestion(name, known)
        raise UsageError(Reason(ErrorCode.NO_RULE_IN, path=mapping.path, name=name, hint=hint))
    return Reevaluation(mapping.path, mapping.version != stored.rules_version, evaluation)
