"""Compares the keys of errands with those that rules cancel, in all files of an account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from bridge.did_you_mean import suggestion
from bridge.mapping.rules.apply import MappingFile
from bridge.mapping.rules.waiting import Key, Shape
from bridge.model import Finding
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason

_Places: TypeAlias = dict[Shape, list[tuple[str, Key]]]
"""Keys by shape, each with the path of its file."""

_HINTS = 20
"""Number of findings for which a similar key is searched, which is slow."""


@dataclass(slots=True)
class _Keys:
    """The keys of one account, of live rules or of shadow rules: these do not end each other's errands."""

    named: _Places = field(default_factory=dict)
    cancelled: _Places = field(default_factory=dict)


def unmatched_keys(mappings: Iterable[MappingFile], *, notices: bool) -> Iterator[Finding]:
    """A warning for each cancelled key that no rule has; with `notices`, one for keys that nobody cancels.

    Only the literal parts of keys are compared.
    """
    groups: dict[tuple[str, bool], _Keys] = {}
    for mapping in mappings:
        for rule in mapping.rules:
            if rule.enabled and rule.waiting:
                keys = groups.setdefault((rule.account, rule.shadow), _Keys())
                errand, cancel = rule.waiting.errand, rule.waiting.cancel
                if errand:
                    keys.named.setdefault(errand.key.shape, []).append((mapping.path, errand.key))
                if cancel:
                    keys.cancelled.setdefault(cancel.key.shape, []).append((mapping.path, cancel.key))
    hints = _HINTS
    for (account, _), keys in groups.items():
        known = [_shown(shape) for shape in keys.named]
        for path, key in _without_partner(keys.cancelled, keys.named):
            hint = suggestion(_shown(key.shape), known) if hints else None
            hints = max(0, hints - 1)
            unknown = Reason(MappingCode.CANCELS_NOTHING, key=key.value.text, account=account, hint=hint)
            yield Finding(path, key.value.line, key.value.column, "W519", unknown)
        for path, key in _without_partner(keys.named, keys.cancelled) if notices else ():
            kept = Reason(MappingCode.NEVER_CANCELLED, key=key.value.text, account=account)
            yield Finding(path, key.value.line, key.value.column, "N522", kept)


def _shown(shape: Shape) -> str:
    """The key with an ellipsis for each part that depends on the event."""
    return "".join("…" if part is None else part for part in shape)


def _without_partner(named: _Places, others: _Places) -> Iterator[tuple[str, Key]]:
    variable = [shape for shape in others if None in shape]
    for shape, places in named.items():
        partners = others if None in shape else variable
        if shape not in others and not any(_may_be_equal(shape, other) for other in partners):
            yield from places


def _may_be_equal(one: Shape, other: Shape) -> bool:
    """Whether two keys can be the same text; None matches any text."""
    first, second = one[0], other[0]
    if first is not None and second is not None and not _begin_alike(first, second):
        return False
    return _meet(_tokens(one), _tokens(other))


def _begin_alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _tokens(shape: Shape) -> list[str | None]:
    """The characters of a shape, and its None."""
    return [token for part in shape for token in ([None] if part is None else part)]


def _meet(one: list[str | None], other: list[str | None]) -> bool:
    """Whether some text fits both. Takes time in proportion to the product of their lengths."""
    open_places, seen = [(0, 0)], {(0, 0)}
    while open_places:
        i, j = open_places.pop()
        if i == len(one) and j == len(other):
            return True
        left = one[i] if i < len(one) else ""
        right = other[j] if j < len(other) else ""
        steps = []
        if left is None or right is None:
            steps += [(i + 1, j)] if i < len(one) else []
            steps += [(i, j + 1)] if j < len(other) else []
        elif left == right:
            steps = [(i + 1, j + 1)]
        new = [step for step in steps if step not in seen]
        seen.update(new)
        open_places += new
    return False
