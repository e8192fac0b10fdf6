"""Finds what the tests of a mapping file do not cover: unmatched rules, conditions that never decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bridge.jsonpath.scope import Scope
from bridge.language.conditions import Condition, leaves
from bridge.mapping.rules.apply import MappingFile, judge
from bridge.mapping.rules.rule import Rule, item_scope, known_items
from bridge.model import Event, Match
from bridge.reasons.mapping import MappingCode

_LACKS = {
    frozenset[bool](): MappingCode.NEVER_ASKED,
    frozenset((True,)): MappingCode.ALWAYS_HOLDS,
    frozenset((False,)): MappingCode.NEVER_HOLDS,
}


@dataclass(frozen=True, slots=True)
class Gap:
    """A rule, or one of its conditions, whose change no test would detect."""

    rule: str
    line: int
    condition: str
    """Empty if the rule itself is not covered."""
    lack: MappingCode
    """`NEVER_MATCHES`, `NEVER_ASKED`, `NEVER_HOLDS` or `ALWAYS_HOLDS`."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a file its tests cover."""

    rules: int
    conditions: int
    gaps: tuple[Gap, ...]

    @property
    def covered_rules(self) -> int:
        return self.rules - sum(not gap.condition for gap in self.gaps)

    @property
    def covered_conditions(self) -> int:
        return self.conditions - sum(bool(gap.condition) for gap in self.gaps)


def coverage(mapping: MappingFile, events: Iterable[Event]) -> Coverage:
    """What the events of all tests cover of the rules that are switched on.

    A rule is covered if it matches an event. A condition is covered if it holds for one event and not for
    another, regardless of the rule's other conditions. The conditions of a group count one by one.
    """
    seen = tuple(events)
    rules = [rule for rule in mapping.rules if rule.enabled]
    matched = {
        verdict.rule
        for event in seen
        for verdict in judge(mapping, event)
        if verdict.match in (Match.MATCHED, Match.FAILED)
    }
    scopes = [mapping.source.scope_of(event) for event in seen]
    gaps = [gap for rule in rules for gap in _gaps(rule, scopes, matched=rule.name in matched)]
    return Coverage(len(rules), sum(len(list(leaves(rule.all_conditions))) for rule in rules), tuple(gaps))


def _gaps(rule: Rule, scopes: list[Scope], *, matched: bool) -> Iterator[Gap]:
    if not matched:
        yield Gap(rule.name, rule.line, "", MappingCode.NEVER_MATCHES)
    for condition in leaves(rule.all_conditions):
        held = frozenset(
            condition.test(scope).holds for whole in scopes for scope in _scopes(rule, condition, whole)
        )
        if held in _LACKS:
            yield Gap(rule.name, condition.line, condition.text, _LACKS[held])


def _scopes(rule: Rule, condition: Condition, scope: Scope) -> list[Scope]:
    if rule.for_each is None or not condition.uses_item:
        return [scope]
    return [item_scope(scope, item) for item in known_items(rule.for_each, scope)]
