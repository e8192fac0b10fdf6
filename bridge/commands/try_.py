"""`leadbridge try`: a payload through the rules of its source; nothing is sent or stored."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from bridge.commands.mappings import mapping_named
from bridge.commands.outgoing import Shown, outgoing
from bridge.commands.output import Screen, counted, document_lines, json_array, printable, screen_of
from bridge.errors import DocumentError, UsageError
from bridge.mapping.explain import Story, near_misses, sentence, stories
from bridge.mapping.rules import MappingFile, apply
from bridge.model import Account, Application, BotStart, Event, Json, Match, Request, Verdict
from bridge.settings import Settings
from bridge.webhook.source import scope_of

_MARKS = {"matched": ("✓", "green"), "nearly": ("≈", "yellow"), "not": ("·", None), "failed": ("✗", "red")}


_NEAREST = 5
"""Rules of a large set that are told although they do not match, because all but one condition holds."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A request that never came: what is known of it."""

    file: str
    """`-` is stdin."""
    headers: Sequence[str] = ()
    """As `Name: value`."""
    query: str = ""
    method: str | None = None
    """None: the source's first."""

    def request(self, mapping: MappingFile) -> Request:
        """The payload as a request to a source; raises UsageError."""
        return self.bare(self.method or mapping.source.methods[0])

    def bare(self, method: str) -> Request:
        """The payload as a request to no source in particular; raises UsageError."""
        headers = tuple(_header(text) for text in self.headers)
        return Request(method, self.query, headers, _read(self.file), "")


@dataclass(frozen=True, slots=True)
class _Tried:
    """One event of the payload and what the rules make of it; of a ping nothing."""

    mapping: MappingFile
    event: Event
    application: Application
    verdicts: tuple[Verdict, ...]
    """Of a large set only those of rules that matched, failed or came near."""
    stories: Mapping[str, Story]
    calls: tuple[tuple[BotStart, Shown], ...]
    ping: bool = False


def try_(settings: Settings, source: str, payload: Payload, *, as_json: bool) -> int:
    """Print what would happen; 1 where the payload cannot be decoded or a rule lacks a value."""
    mapping, accounts = mapping_named(settings, source)
    request = payload.request(mapping)
    try:
        events = mapping.source.events(request, int(time.time() * 1000))
    except DocumentError as error:
        raise DocumentError(
            f"{payload.file} cannot be decoded: {error.message}",
            "the source's `body:` says how it is read; give the webhook's Content-Type with --header",
        ) from error
    ping = _is_ping(mapping, request, events[0])
    tried = [_try(mapping, event, accounts, ping=ping) for event in events]
    if as_json:
        click.echo(json_array(_as_json(one) for one in tried))
    else:
        for number, one in enumerate(tried, 1):
            for line in _told(one, number, len(tried), screen_of(settings)):
                click.echo(line)
    return 1 if any(one.application.failures for one in tried) else 0


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UsageError(f'--header is "{text}", expected "Name: value"')
    return name.strip(), value.strip()


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error


def _is_ping(mapping: MappingFile, request: Request, event: Event) -> bool:
    """Whether the source ignores the request, which is decided on the whole of it, not on a batch's item."""
    document = mapping.source.decode(request.body, request.headers, request.query, request.method)
    scope = replace(scope_of(event), body=document)
    return any(all(one.test(scope).holds for one in ping) for ping in mapping.source.ignore)


def _try(mapping: MappingFile, event: Event, accounts: Mapping[str, Account], *, ping: bool) -> _Tried:
    if ping:
        return _Tried(mapping, event, Application((), (), ()), (), {}, (), ping=True)
    made = apply(mapping, event)
    told = {story.rule: story for story in stories(mapping, event)}
    calls = tuple((start, outgoing(start, accounts.get(start.account), 0)) for start in made.starts)
    verdicts = made.verdicts
    if made.untold:
        verdicts += near_misses(mapping, event, {one.rule for one in verdicts}, _NEAREST)
    return _Tried(mapping, event, made, verdicts, told, calls)


def _nearness(tried: _Tried, verdict: Verdict) -> str:
    """matched, nearly, not or failed."""
    if verdict.match is Match.FAILED:
        return "failed"
    story = tried.stories.get(verdict.rule)
    unmatched = verdict.match is Match.UNMATCHED
    return story.nearness if unmatched and story else ("matched" if verdict.match is Match.MATCHED else "not")


def _told(tried: _Tried, number: int, total: int, screen: Screen) -> Iterator[str]:
    event = tried.event
    facts = f"id {event.id}" + (f", type {event.type}" if event.type else "")
    yield f"event {number} of {total}: {printable(facts)}"
    yield from (f"  {line}" for line in document_lines(event.document))
    if tried.ping:
        yield "a test ping (`ignore`): answered and counted, the rules are not asked"
        return
    for verdict in tried.verdicts:
        yield from _rule(tried, verdict, screen)
    if tried.application.untold:
        others = len(tried.application.rules) - len(tried.verdicts)
        yield f"· {counted(others, 'more rule')} did not match"
    if not tried.mapping.rules:
        yield "the mapping has no rules"
    yield ""


def _rule(tried: _Tried, verdict: Verdict, screen: Screen) -> Iterator[str]:
    nearness = _nearness(tried, verdict)
    mark, color = _MARKS[nearness]
    at = f"{tried.mapping.path}:{verdict.line}"
    head = {"nearly": "nearly", "not": "no", "matched": "matches"}.get(nearness, "matches, but lacks a value")
    head = f"{mark} {printable(verdict.rule)}: {head}"
    yield f"{screen.paint(head, color) if color else head}  ({at})"
    if verdict.match is not Match.UNMATCHED:
        if verdict.match in (Match.SKIPPED, Match.DISABLED):
            yield f"    {sentence(verdict)}"
    else:
        yield from _conditions(tried, verdict, screen)
    for failure in tried.application.failures:
        if failure.rule == verdict.rule:
            yield f"    {screen.paint('missing', 'red')} {printable(f'{failure.key}: {failure.message}')}"
    for start, shown in tried.calls:
        if start.rule == verdict.rule:
            yield from (f"    {line}" for line in _call(start, shown))


def _conditions(tried: _Tried, verdict: Verdict, screen: Screen) -> Iterator[str]:
    story = tried.stories.get(verdict.rule)
    if story is None:
        yield f"    {printable(sentence(verdict, tried.event))}"
        return
    for line in story.conditions:
        if line.holds:
            yield f"    {screen.paint('✓', 'green')} {printable(line.condition)}"
        else:
            yield f"    {screen.paint('✗', 'red')} {printable(line.condition)}"
            yield f"      {printable(line.sentence)}"


def _call(start: BotStart, shown: Shown) -> Iterator[str]:
    if start.shadow:
        yield "shadow: recorded, never sent"
    yield from shown.lines()


def _as_json(tried: _Tried) -> dict[str, Json]:
    event, made = tried.event, tried.application
    return {
        "source": event.source,
        "file": tried.mapping.path,
        "id": event.id,
        "type": event.type,
        "document": event.document,
        "ping": tried.ping,
        "rules": [_rule_json(tried, verdict) for verdict in tried.verdicts],
        "failures": [
            {"rule": one.rule, "item": one.item, "key": one.key, "path": one.path, "message": one.message}
            for one in made.failures
        ],
        "calls": [_call_json(start, shown) for start, shown in tried.calls],
    }


def _rule_json(tried: _Tried, verdict: Verdict) -> dict[str, Json]:
    story = tried.stories.get(verdict.rule)
    lines = story.conditions if story else ()
    return {
        "rule": verdict.rule,
        "line": verdict.line,
        "match": verdict.match.value,
        "nearness": _nearness(tried, verdict),
        "why": sentence(verdict, tried.event),
        "conditions": [
            {"condition": one.condition, "line": one.line, "holds": one.holds, "why": one.sentence}
            for one in lines
        ],
    }


def _call_json(start: BotStart, shown: Shown) -> dict[str, Json]:
    return {
        "rule": start.rule,
        "item": start.item,
        "account": start.account,
        "recipient": start.recipient.key,
        "bot_id": start.bot_id,
        "variables": dict(start.variables),
        "forced": start.forced,
        "shadow": start.shadow,
        **shown.as_json(),
    }
