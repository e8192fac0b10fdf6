"""A payload through the rules of its source; nothing is verified, sent or stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bridge.errors import DocumentError
from bridge.mapping.author.explain import Story, near_misses, stories
from bridge.mapping.rules.apply import MappingFile, apply
from bridge.mapping.rules.webhook import apply_to_webhook
from bridge.model import Account, Application, BotStart, Event, Finding, Match, Request, Verdict
from bridge.operations.mapping_files import compile_alone
from bridge.operations.request_preview import Shown, outgoing
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.webhook.source import scope_of

Nearness: TypeAlias = Literal["matched", "nearly", "not", "failed"]

_NEAREST = 5
"""Rules of a large set that are told although they do not match, because all but one condition holds."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One event and what the rules make of it; of a ping nothing."""

    mapping: MappingFile
    event: Event
    application: Application
    verdicts: tuple[Verdict, ...]
    """Of a large set only those of rules that matched, failed or came near."""
    stories: Mapping[str, Story]
    """By rule, of those that are switched on: all conditions, held against the event."""
    calls: tuple[tuple[BotStart, Shown], ...]
    ping: bool = False

    def nearness(self, verdict: Verdict) -> Nearness:
        """How near the rule came; `failed`: it matches, but lacks a value."""
        if verdict.match is Match.FAILED:
            return "failed"
        if verdict.match is Match.MATCHED:
            return "matched"
        story = self.stories.get(verdict.rule)
        return story.nearness if story and verdict.match is Match.UNMATCHED else "not"

    @property
    def others(self) -> int:
        """How many more rules a large set has, none of which matched or came near."""
        return len(self.application.rules) - len(self.verdicts) if self.application.omitted else 0


@dataclass(frozen=True, slots=True)
class Trial:
    """What a text, as a mapping file, makes of a payload."""

    mapping: MappingFile | None
    """None where the text has errors."""
    findings: tuple[Finding, ...]
    """Of the text, warnings among them."""
    tried: tuple[Tried, ...] = ()
    undecodable: Reason | None = None
    """Why the source cannot read the payload."""


def trial(settings: Settings, path: str, text: bytes, payload: Request | Event | None, now_ms: int) -> Trial:
    """Hold a payload against a text that is on no disk, as if it stood at this path of the mapping folder.

    A request is decoded anew; of an event, whose request is purged, only id and type are derived. Without
    either only the findings are told. Accounts are those of the folder.
    """
    alone = compile_alone(settings, path, text)
    found = Trial(alone.mapping, alone.findings)
    if alone.mapping is None or payload is None:
        return found
    if isinstance(payload, Event):
        event = alone.mapping.source.reread(payload)
        return replace(found, tried=(try_event(alone.mapping, event, alone.accounts),))
    try:
        return replace(found, tried=try_request(alone.mapping, payload, alone.accounts, now_ms))
    except DocumentError as error:
        return replace(found, undecodable=error.whole)


def try_request(
    mapping: MappingFile, request: Request, accounts: Mapping[str, Account], now_ms: int
) -> tuple[Tried, ...]:
    """Every event of the request; raises DocumentError where the source cannot read it."""
    events = mapping.source.events(request, now_ms)
    if _is_ping(mapping, request, events[0]):
        nothing = Application((), (), ())
        return tuple(Tried(mapping, event, nothing, (), {}, (), ping=True) for event in events)
    made = apply_to_webhook(mapping, events, request)
    return tuple(_tried(mapping, event, one, accounts) for event, one in made)


def try_event(mapping: MappingFile, event: Event, accounts: Mapping[str, Account]) -> Tried:
    """What the rules make of an event."""
    return _tried(mapping, event, apply(mapping, event), accounts)


def _tried(mapping: MappingFile, event: Event, made: Application, accounts: Mapping[str, Account]) -> Tried:
    told = {story.rule: story for story in stories(mapping, event)}
    calls = tuple((start, outgoing(start, accounts.get(start.account), 0)) for start in made.starts)
    verdicts = made.verdicts
    if made.omitted:
        verdicts += near_misses(mapping, event, {one.rule for one in verdicts}, _NEAREST)
    return Tried(mapping, event, made, verdicts, told, calls)


def _is_ping(mapping: MappingFile, request: Request, event: Event) -> bool:
    """Whether the source ignores the request, which is decided on the whole of it, not on a batch's item."""
    document = mapping.source.decode(request.body, request.headers, request.query, request.method)
    scope = replace(scope_of(event), body=document)
    return any(all(one.test(scope).holds for one in ping) for ping in mapping.source.ignore)
