"""Finds variable names that are probably misspelled: one rule has them, other rules a similar name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bridge.mapping.rules.apply import MappingFile
from bridge.model import Finding
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason

_COMMON = 2
"""Minimum number of rules with a name before it is suggested."""
_SHORTEST = 4
"""Minimum length of names that are compared: `id` and `ip` are different names."""
_NOT_COMPARED = re.compile(r"[\s_-]")
_DIGITS = re.compile(r"[0-9]")


@dataclass(slots=True)
class _Name:
    """A variable's name in one account, and where it is used first."""

    text: str
    path: str
    line: int
    column: int
    rules: set[int] = field(default_factory=set)


def odd_names(mappings: Iterable[MappingFile]) -> Iterator[Finding]:
    """A warning for each name that only one rule has and that is similar to a name of several others."""
    accounts: dict[str, dict[str, _Name]] = {}
    rules = ((mapping.path, rule) for mapping in mappings for rule in mapping.rules if rule.enabled)
    for number, (path, rule) in enumerate(rules):
        names = accounts.setdefault(rule.account, {})
        for one in rule.start.variables if rule.start else ():
            names.setdefault(one.name, _Name(one.name, path, one.line, one.column)).rules.add(number)
    for account, names in accounts.items():
        yield from _odd(account, names)


def _odd(account: str, names: dict[str, _Name]) -> Iterator[Finding]:
    common: dict[str, list[_Name]] = {}
    for one in names.values():
        for key in _keys(one.text) if len(one.rules) >= _COMMON else ():
            common.setdefault(key, []).append(one)
    for one in names.values():
        alike = [other for key in _keys(one.text) for other in common.get(key, ()) if _meant(one, other)]
        if len(one.rules) == 1 and alike:
            other = max(alike, key=lambda name: len(name.rules))
            count = len(other.rules)
            odd = Reason(
                MappingCode.ODD_VARIABLE, name=one.text, count=count, account=account, other=other.text
            )
            yield Finding(one.path, one.line, one.column, "W509", odd)


def _meant(one: _Name, other: _Name) -> bool:
    """Whether the first may be a misspelling of the second. A rule with both means both."""
    apart = one is not other and not one.rules & other.rules
    return apart and _is_similar(_folded(one.text), _folded(other.text))


def _folded(name: str) -> str:
    return _NOT_COMPARED.sub("", name).casefold()


def _keys(name: str) -> set[str]:
    """Index keys: two names that differ by one letter changed, added, omitted or swapped share a key."""
    text = _folded(name)
    return {text, *(text[:at] + text[at + 1 :] for at in range(len(text)))}


def _is_similar(one: str, other: str) -> bool:
    if one == other:
        return True
    numbered = _DIGITS.sub("", one) == _DIGITS.sub("", other)
    plural = f"{one}s" == other or f"{other}s" == one
    return min(len(one), len(other)) >= _SHORTEST and not numbered and not plural and _one_apart(one, other)


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter is changed, added, omitted or swapped with the next."""
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return max(len(one), len(other)) == 1 or (len(one) == 2 and one == other[::-1])
