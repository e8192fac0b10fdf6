"""Applies the rules of a source to a payload. Nothing is verified, sent or stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bridge.errors import DocumentError
from bridge.mapping.author.explain import RuleEvaluation, evaluate_rules, near_misses
from bridge.mapping.author.later import cancel_reason, start_reasons
from bridge.mapping.rules.apply import MappingFile, apply
from bridge.mapping.rules.webhook import apply_to_webhook
from bridge.model import Account, Application, BotStart, Event, Finding, Match, Request, Verdict
from bridge.operations.authoring.mapping_files import compile_text
from bridge.operations.request_preview import Shown, outgoing
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.webhook.source import scope_of

Nearness: TypeAlias = Literal["matched", "nearly", "not", "failed"]

_NEAREST = 5
"""Maximum number of rules of a large set that are shown because all but one condition holds."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One event and what the rules make of it; nothing for a ping."""

    mapping: MappingFile
    event: Event
    application: Application
    verdicts: tuple[Verdict, ...]
    """In a large set only verdicts of rules that matched, failed or nearly matched."""
    evaluations: Mapping[str, RuleEvaluation]
    """By rule, for those that are switched on: the results of all conditions."""
    calls: tuple[tuple[BotStart, Shown], ...]
    ping: bool = False

    def nearness(self, verdict: Verdict) -> Nearness:
        """How nearly the rule matched. `failed`: it matched, but a value is missing."""
        if verdict.match is Match.FAILED:
            return "failed"
        if verdict.match is Match.MATCHED:
            return "matched"
        evaluation = self.evaluations.get(verdict.rule)
        return evaluation.nearness if evaluation and verdict.match is Match.UNMATCHED else "not"

    def when(self, start: BotStart) -> tuple[Reason, ...]:
        """When the start is due, and its key."""
        return tuple(start_reasons(start, self.event.received_at))

    @property
    def ended(self) -> tuple[tuple[str, Reason], ...]:
        """Each rule that ends an errand, with what it ends."""
        return tuple((one.rule, cancel_reason(one)) for one in self.application.cancels)

    @property
    def others(self) -> int:
        """How many more rules a large set has, which neither matched nor nearly matched."""
        return len(self.application.rules) - len(self.verdicts) if self.application.omitted else 0


@dataclass(frozen=True, slots=True)
class Trial:
    """The result of trying a payload with a text as the mapping file."""

    mapping: MappingFile | None
    """None if the text has errors."""
    findings: tuple[Finding, ...]
    """The findings of the text, including warnings."""
    tried: tuple[Tried, ...] = ()
    undecodable: Reason | None = None
    """Why the source cannot read the payload."""


def trial(settings: Settings, path: str, text: bytes, payload: Request | Event | None, now_ms: int) -> Trial:
    """Try a payload with a text as the mapping file at this path. The path itself is not read.

    A request is decoded again. For an event, whose request is purged, only id and type are read again.
    Without a payload, only the findings are returned. The accounts are those of the mapping folder.
    """
    compiled = compile_text(settings, path, text, now_ms=now_ms)
    found = Trial(compiled.mapping, compiled.findings)
    if compiled.mapping is None or payload is None:
        return found
    if isinstance(payload, Event):
        event = compiled.mapping.source.reread(payload)
        return replace(found, tried=(try_event(compiled.mapping, event, compiled.accounts),))
    try:
        return replace(found, tried=try_request(compiled.mapping, payload, compiled.accounts, now_ms))
    except DocumentError as error:
        return replace(found, undecodable=error.whole)


def try_request(
    mapping: MappingFile, request: Request, accounts: Mapping[str, Account], now_ms: int
) -> tuple[Tried, ...]:
    """Try every event of the request; raises DocumentError if the source cannot read it."""
    events = mapping.source.events(request, now_ms)
    if _is_ping(mapping, request, events[0]):
        nothing = Application((), (), ())
        return tuple(Tried(mapping, event, nothing, (), {}, (), ping=True) for event in events)
    made = apply_to_webhook(mapping, events, request)
    return tuple(_tried(mapping, event, one, accounts) for event, one in made)


def try_event(mapping: MappingFile, event: Event, accounts: Mapping[str, Account]) -> Tried:
    """Apply the rules to an event."""
    return _tried(mapping, event, apply(mapping, event), accounts)


def _tried(mapping: MappingFile, event: Event, made: Application, accounts: Mapping[str, Account]) -> Tried:
    evaluations = {one.rule: one for one in evaluate_rules(mapping, event)}
    calls = tuple((start, outgoing(start, accounts.get(start.account), 0)) for start in made.starts)
    verdicts = made.verdicts
    if made.omitted:
        verdicts += near_misses(mapping, event, {one.rule for one in verdicts}, _NEAREST)
    return Tried(mapping, event, made, verdicts, evaluations, calls)


def _is_ping(mapping: MappingFile, request: Request, event: Event) -> bool:
    """Whether the source ignores the request. Decided on the whole document, not on an item of a batch."""
    document = mapping.source.decode(request.body, request.headers, request.query, request.method)
    scope = replace(scope_of(event), body=document)
    return any(all(one.test(scope).holds for one in ping) for ping in mapping.source.ignore)
