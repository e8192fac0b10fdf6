"""Finds rules that are never reached because of an earlier `stop`, and duplicate rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from typing import TypeAlias

from bridge.language.conditions import Condition
from bridge.language.values import Value
from bridge.mapping.rules.index import key_of
from bridge.mapping.rules.rule import Rule

_Atom: TypeAlias = Hashable
"""Key for comparing conditions: the text, or for an equality the path and one of its literals."""


def unreachable_rules(rules: list[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Rules, each with the earlier rule that stops on every event that they could match."""
    counts = Counter(
        atom for rule in rules if rule.stop for one in rule.all_conditions for atom in _atoms(one)
    )
    stopping: dict[_Atom, list[Rule]] = {}
    for rule in rules:
        earlier = _stopper(rule, stopping)
        if earlier is not None:
            yield rule, earlier
        if rule.stop:
            for atom in _rarest(rule, counts):
                stopping.setdefault(atom, []).append(rule)


def duplicate_rules(rules: list[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Rules, each with the earlier rule that starts the same bot for the same recipient, events and time."""
    seen: dict[object, Rule] = {}
    for rule, start in [(rule, rule.start) for rule in rules if rule.start]:
        ids = [(one.subscriber_id, one.user_id, one.channel_id) for one in start.recipients]
        recipients = tuple(value.text if value else "" for each in ids for value in each)
        asked = frozenset(one.text for one in rule.all_conditions)
        when = _when(rule)
        identity = (asked, _for_each(rule), rule.account, start.bot_id.text, recipients, when)
        earlier = seen.setdefault(identity, rule)
        if earlier is not rule and not earlier.stop:
            yield rule, earlier


def _when(rule: Rule) -> Hashable:
    """When the bot starts, for comparing rules."""
    timing = rule.waiting.timing if rule.waiting else None
    if timing is None:
        return None
    return timing.at.text if isinstance(timing.at, Value) else timing.at


def _for_each(rule: Rule) -> str:
    return rule.for_each.text if rule.for_each else ""


def _atoms(condition: Condition) -> list[_Atom]:
    """The atoms of a condition. If it implies another condition, its first atom is among the other's."""
    if condition.equality is None or not _is_plain(condition):
        return [condition.text]
    path, values = condition.equality
    return [(path.root, path.steps, key_of(value)) for value in values]


def _is_plain(condition: Condition) -> bool:
    """Whether it is only an equality with literals at one definite path."""
    question, path = condition.question, condition.path
    if question is None or path is None or condition.equality is None:
        return False
    return path.definite and len(question.operators) == 1 and not question.fold


def _rarest(rule: Rule, counts: Counter[_Atom]) -> list[_Atom]:
    """The atoms under which to index a stopping rule: those of its rarest condition."""
    choices = [_atoms(one) for one in rule.all_conditions]
    return min(choices, key=lambda atoms: sum(counts[atom] for atom in atoms), default=[None])


def _stopper(rule: Rule, stopping: dict[_Atom, list[Rule]]) -> Rule | None:
    atoms = [None, *(_atoms(one)[0] for one in rule.all_conditions)]
    found = (other for atom in atoms for other in stopping.get(atom, ()) if _covers(other, rule))
    return min(found, key=lambda other: other.line, default=None)


def _covers(wider: Rule, rule: Rule) -> bool:
    """Whether the wider rule matches every event that the other matches."""
    if wider.for_each is not None and _for_each(wider) != _for_each(rule):
        return False
    return all(any(_implies(one, asked) for one in rule.all_conditions) for asked in wider.all_conditions)


def _implies(one: Condition, other: Condition) -> bool:
    """Whether the other condition holds whenever the first holds."""
    if one.text == other.text:
        return True
    if not (_is_plain(one) and _is_plain(other)) or one.equality is None or other.equality is None:
        return False
    (path, values), (place, allowed) = one.equality, other.equality
    same_place = (path.root, path.steps) == (place.root, place.steps)
    return same_place and all(any(type(a) is type(b) and a == b for b in allowed) for a in values)
