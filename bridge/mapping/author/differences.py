"""What two rule sets make otherwise of one event: starts gained, lost or changed, failures new or healed.

Another errand that is cancelled, or one more or less, is a change as well.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bridge.language.durations import written
from bridge.mapping.rules.due import shown_due
from bridge.model import Application, BotStart, Cancellation, Failure

Kind: TypeAlias = Literal["gained", "lost", "changed", "failed", "healed"]
KINDS: tuple[Kind, ...] = ("gained", "lost", "changed", "failed", "healed")
"""Starts that are new, gone or changed; failures that are new (failed) or gone (healed)."""

_COMPARED = ("account", "bot_id", "forced", "shadow", "order", "on_uncertain", "expires", "late")
_CANCEL = ("cancel.key", "cancel.account", "cancel.as", "cancel.for")


@dataclass(frozen=True, slots=True)
class Change:
    """One key whose value differs between two starts: `bot_id`, `variables.amount` …; None if absent."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One start or failure that differs. A renamed rule is listed under its new name.

    `changes` alone are those of what a rule cancels.
    """

    kind: Kind
    rule: str
    item: int
    before: BotStart | Failure | None = None
    after: BotStart | Failure | None = None
    changes: tuple[Change, ...] = ()


def compare(before: Application, after: Application, rules: Collection[str]) -> tuple[Difference, ...]:
    """All differences between what two rule sets made of one event; `rules` are the names of the later set.

    Starts are paired by rule and item; if the rule no longer exists, by account, recipient and bot.
    """
    if (before.starts, before.failures, before.cancels) == (after.starts, after.failures, after.cancels):
        return ()
    return (
        *_starts(before, after, rules),
        *_failures(before, after, rules),
        *_cancels(before, after, rules),
    )


def changes(before: BotStart, after: BotStart) -> tuple[Change, ...]:
    """The keys whose values differ between two starts, apart from the rule's name."""
    found = [(name, getattr(before, name), getattr(after, name)) for name in _COMPARED]
    found.append(("recipient", before.recipient.key, after.recipient.key))
    old, new = dict(before.variables), dict(after.variables)
    found += [(f"variables.{name}", old.get(name), new.get(name)) for name in {**old, **new}]
    earlier, later = _when(before), _when(after)
    found += [(name, earlier.get(name), later.get(name)) for name in {**earlier, **later}]
    return tuple(Change(key, _text(one), _text(other)) for key, one, other in found if one != other)


def _when(start: BotStart) -> dict[str, str]:
    """When it is due and its errand, by the names that mapping files have for them."""
    due = {"due": shown_due(start.due_at, start.zone)} if start.due_at else {}
    errand = start.errand
    if errand is None:
        return due
    return {**due, "key": errand.key, "again": errand.again, "at_most": written(errand.at_most)}


def _starts(before: Application, after: Application, rules: Collection[str]) -> list[Difference]:
    earlier = {(start.rule, start.item): start for start in before.starts}
    kept = {(start.rule, start.item): start for start in after.starts}
    same = [(earlier.pop(key), kept.pop(key)) for key in list(kept) if key in earlier]
    renamed = {_effect(start): key for key, start in earlier.items() if start.rule not in rules}
    for key, start in list(kept.items()):
        former = renamed.pop(_effect(start), None)
        if former is not None:
            same.append((earlier.pop(former), kept.pop(key)))
    changed = ((one, other, changes(one, other)) for one, other in same)
    return [
        *(Difference("lost", one.rule, one.item, before=one) for one in earlier.values()),
        *(Difference("gained", one.rule, one.item, after=one) for one in kept.values()),
        *(Difference("changed", new.rule, new.item, old, new, what) for old, new, what in changed if what),
    ]


def _effect(start: BotStart) -> tuple[str, str, int]:
    return start.account, start.recipient.key, start.bot_id


def _failures(before: Application, after: Application, rules: Collection[str]) -> list[Difference]:
    """One difference for each rule and item, even if several values are missing."""
    old, new = _by_item(before), _by_item(after)
    healed = [one for key, one in old.items() if key not in new]
    failed = [one for key, one in new.items() if key not in old]
    gone = {_lack(one) for one in healed if one.rule not in rules}
    moved = gone.intersection(_lack(one) for one in failed)
    return [
        *(Difference("failed", one.rule, one.item, after=one) for one in failed if _lack(one) not in moved),
        *(Difference("healed", one.rule, one.item, before=one) for one in healed if _lack(one) not in moved),
    ]


def _by_item(made: Application) -> dict[tuple[str, int], Failure]:
    return {(one.rule, one.item): one for one in reversed(made.failures)}


def _cancels(before: Application, after: Application, rules: Collection[str]) -> list[Difference]:
    """One difference for each rule and item that cancels another errand, or no longer or newly one."""
    old = {(one.rule, one.item): one for one in before.cancels}
    new = {(one.rule, one.item): one for one in after.cancels}
    gone = {_ends(one) for key, one in old.items() if key not in new and one.rule not in rules}
    moved = gone.intersection(_ends(one) for key, one in new.items() if key not in old)
    found = []
    for rule, item in {**old, **new}:
        one, other = old.get((rule, item)), new.get((rule, item))
        renamed = (one is None or other is None) and _ends(one or other) in moved
        what = () if renamed else _changed_cancel(one, other)
        if what:
            found.append(Difference("changed", rule, item, changes=what))
    return found


def _ends(one: Cancellation | None) -> tuple[str, ...]:
    """What a cancellation does, for comparing it; in the order of `_CANCEL`."""
    if one is None:
        return ()
    lasts = (written(one.lasts),) if one.lasts else ()
    return (one.key, one.account, "shadow" if one.shadow else "live", *lasts)


def _changed_cancel(one: Cancellation | None, other: Cancellation | None) -> tuple[Change, ...]:
    """The keys that differ; of a cancellation that is new or gone, only which errand."""
    old, new = (dict(zip(_CANCEL, _ends(each), strict=False)) for each in (one, other))
    names = _CANCEL if old and new else _CANCEL[:1]
    changed = (Change(name, old.get(name), new.get(name)) for name in names)
    return tuple(change for change in changed if change.before != change.after)


def _lack(failure: Failure) -> tuple[int, str, str]:
    """Identifies a failure without the name of its rule."""
    return failure.item, failure.key, failure.path


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
