"""Compares what edited rules make of past events with what the current ones made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bridge.mapping.author.differences import KINDS, Difference, Kind, compare
from bridge.mapping.author.errand_play import FATES, Fate, Move, concerns_errands, play
from bridge.mapping.author.explain import failure_reason, verdict_reason
from bridge.mapping.rules.apply import MappingFile, apply_silently, judge_alone
from bridge.model import Application, Event, Failure, Match
from bridge.reasons.explain import ExplainCode
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

EXAMPLES = 3
"""Examples kept for each kind and rule. All differences are counted."""

_FATES: dict[Fate, ExplainCode] = {
    "waited": ExplainCode.FATE_WAITED,
    "replaced": ExplainCode.FATE_REPLACED,
    "kept": ExplainCode.FATE_KEPT,
    "cancelled": ExplainCode.FATE_CANCELLED,
    "marked": ExplainCode.FATE_MARKED,
    "late": ExplainCode.FATE_LATE,
}


@dataclass(frozen=True, slots=True)
class PastEvent:
    """A received event, and what the current rules made of it."""

    number: int
    event: Event
    before: Application
    by_calls: bool = False
    """Whether `before` are the calls that were made. What was cancelled is not known then."""


@dataclass(frozen=True, slots=True)
class Example:
    """A difference, the event that shows it, and why a start is missing or fails."""

    event: int
    key: str
    """The sender's own id of the event."""
    difference: Difference
    why: Reason | None


@dataclass(slots=True)
class Tally:
    """Counts of one rule's starts and differences over all events."""

    before: int = 0
    """Starts by the current rules; `after`: by the edited ones."""
    after: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)
    """How many starts changed in which key."""
    fates: Counter[Fate] = field(default_factory=Counter)
    """What would have become of the edited rules' starts that are not sent at once."""
    examples: dict[Kind, list[Example]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    @property
    def fate_reasons(self) -> tuple[Reason, ...]:
        """How many starts had which fate."""
        return tuple(Reason(_FATES[fate], count=self.fates[fate]) for fate in FATES if self.fates[fate])

    def add(self, other: Tally) -> None:
        """Add the counts of another rule, without its examples."""
        self.before += other.before
        self.after += other.after
        self.kinds += other.kinds
        self.keys += other.keys
        self.fates += other.fates


@dataclass(slots=True)
class Backtest:
    """The result of a backtest."""

    events: int = 0
    differing: int = 0
    """Events with at least one difference."""
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    """By source and rule."""

    @property
    def total(self) -> Tally:
        """The counts of all rules."""
        total = Tally()
        for tally in self.tallies.values():
            total.add(tally)
        return total


def backtest(past: Iterable[PastEvent], edited: Mapping[str, MappingFile]) -> Backtest:
    """Apply the edited rules to past events of their sources, and count the differences.

    What waits or is cancelled is played in the order of receipt, without calls and marks from before.
    """
    found = Backtest()
    moves: list[Move] = []
    for source, mapping in edited.items():
        found.tallies |= {(source, rule.name): Tally() for rule in mapping.rules}
    for one in past:
        mapping = edited[one.event.source]
        one = replace(one, event=mapping.source.reread(one.event))
        after = apply_silently(mapping, one.event)
        found.events += 1
        _count(found, one, after)
        if concerns_errands(after):
            moves.append(Move(one.event.received_at, one.number, one.event.source, after))
        before = replace(one.before, cancels=after.cancels) if one.by_calls else one.before
        differences = compare(before, after, mapping.index.names)
        found.differing += bool(differences)
        for difference in differences:
            _note(found, one, difference, mapping)
    for played in play(moves):
        if played.fate:
            _tally(found, played.source, played.rule).fates[played.fate] += 1
    return found


def _count(found: Backtest, past: PastEvent, after: Application) -> None:
    source = past.event.source
    for start in past.before.starts:
        _tally(found, source, start.rule).before += 1
    for start in after.starts:
        _tally(found, source, start.rule).after += 1


def _tally(found: Backtest, source: str, rule: str) -> Tally:
    """The rule's counts; new ones for a rule that the edited file no longer has."""
    tally = found.tallies.get((source, rule))
    if tally is None:
        tally = found.tallies[source, rule] = Tally()
    return tally


def _note(found: Backtest, past: PastEvent, difference: Difference, mapping: MappingFile) -> None:
    tally = _tally(found, past.event.source, difference.rule)
    tally.kinds[difference.kind] += 1
    tally.keys.update(change.key for change in difference.changes)
    examples = tally.examples[difference.kind]
    if len(examples) < EXAMPLES:
        why = _why(past.event, difference, mapping)
        examples.append(Example(past.number, past.event.id, difference, why))


def _why(event: Event, difference: Difference, mapping: MappingFile) -> Reason | None:
    """Why there is no start any more; None for kinds other than lost and failed."""
    if isinstance(difference.after, Failure):
        return failure_reason(difference.after)
    if difference.kind != "lost":
        return None
    rule = next((rule for rule in mapping.rules if rule.name == difference.rule), None)
    if rule is None:
        return Reason(RuleCode.RULE_GONE)
    verdict = judge_alone(mapping, rule, event)
    if verdict.match is Match.MATCHED:
        return Reason(RuleCode.STOPPED_OR_OTHER)
    return verdict_reason(verdict, event)
