"""Runs the `tests:` of a mapping file: samples through the source's decoding and the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.errors import DocumentError
from bridge.jsonpath.exact_numbers import to_json
from bridge.language.functions.base import quote
from bridge.mapping.author.explain import sentence
from bridge.mapping.rules.apply import Example, Expected, MappingFile, judge
from bridge.mapping.rules.webhook import apply_to_webhook
from bridge.model import BotStart, Event, Failure, Json, Match, Request
from bridge.webhook.budget import OverBudgetError
from bridge.webhook.decode.forms import build, read_pairs

ReadSample = Callable[[str], bytes]
"""Gives the bytes of a sample by its path beside the mapping file; raises OSError."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one test showed. It passed where there is no difference."""

    name: str
    line: int
    differences: tuple[str, ...]
    """Lines for a person: what differs, then for starts that are missing why."""
    starts: tuple[BotStart, ...] = ()
    failures: tuple[Failure, ...] = ()
    events: tuple[Event, ...] = ()
    """What the sample holds; none where it could not be read."""

    @property
    def passed(self) -> bool:
        return not self.differences


def run_example(mapping: MappingFile, example: Example, read_sample: ReadSample, now_ms: int = 0) -> Result:
    """One test of the file; whatever goes wrong is a difference, never an exception."""
    try:
        request, events = _events(mapping, example, read_sample, now_ms)
        made = apply_to_webhook(mapping, events, request)
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Result(example.name, example.line, (f"{example.file} cannot be read: {why}",))
    except OverBudgetError as error:
        return Result(example.name, example.line, (f"the sample is too much: {error.sentence}",))
    except DocumentError as error:
        return Result(example.name, example.line, (f"the sample cannot be decoded: {error.message}",))
    applied = [one for _, one in made]
    starts = tuple(start for application in applied for start in application.starts)
    failures = tuple(failure for application in applied for failure in application.failures)
    differences = (*_compare(example.expect, starts), *_compare_failures(example.failed, failures))
    reasons = _reasons(mapping, example, events) if differences else ()
    return Result(example.name, example.line, (*differences, *reasons), starts, failures, events)


def _events(
    mapping: MappingFile, example: Example, read_sample: ReadSample, now_ms: int
) -> tuple[Request, tuple[Event, ...]]:
    """The sample as a webhook, and what it holds."""
    source = mapping.source
    body = to_json(example.body).encode() if example.file is None else read_sample(example.file)
    request = Request(source.method_of(body), example.query, example.headers, body, "")
    if example.file is not None:
        return request, source.events(request, now_ms)
    query = build(read_pairs(example.query.encode()))
    return request, source.events_of(example.body, now_ms, dict(example.headers), query)


def _compare(expected: tuple[Expected, ...], starts: tuple[BotStart, ...]) -> list[str]:
    differences = []
    for index in range(max(len(expected), len(starts))):
        number = f"start {index + 1}"
        if index >= len(starts):
            differences.append(f"{number} is missing: {_listed(expected[index].values)}")
        elif index >= len(expected):
            differences.append(f"{number} was not expected: {_listed(facts(starts[index]))}")
        else:
            differences += _compare_start(number, expected[index].values, facts(starts[index]))
    return differences


def facts(start: BotStart) -> dict[str, Json]:
    """A start under the names that `expect:` uses; what it does not have is left out."""
    recipient = start.recipient
    known = {
        "rule": start.rule,
        "bot_id": start.bot_id,
        "subscriber_id": recipient.subscriber_id,
        "user_id": recipient.user_id,
        "channel_id": recipient.channel_id,
        "variables": dict(start.variables),
        "forced": start.forced,
        "account": start.account,
        "shadow": start.shadow,
    }
    return {name: value for name, value in known.items() if value is not None}


def _compare_start(number: str, wanted: dict[str, Json], found: dict[str, Json]) -> list[str]:
    differences = []
    for name, value in wanted.items():
        if name == "variables":
            differences += _compare_variables(number, value, found["variables"])
        elif found.get(name) != value:
            differences.append(f"{number}: {name} is {quote(found.get(name))}, expected {quote(value)}")
    return differences


def _compare_variables(number: str, wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    names = [*wanted, *(name for name in found if name not in wanted)]
    return [
        f"{number}: variables.{name} is {_variable(found, name)}, expected {_variable(wanted, name)}"
        for name in names
        if wanted.get(name) != found.get(name)
    ]


def _variable(variables: dict[str, str], name: str) -> str:
    return quote(variables[name]) if name in variables else "absent"


def _listed(values: dict[str, Json]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in values.items() if value is not False)


def _shown(value: Json) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {quote(text)}" for name, text in value.items()) + "}"
    return quote(value)


def _compare_failures(expected: tuple[str, ...], failures: tuple[Failure, ...]) -> list[str]:
    failed = {failure.rule for failure in failures}
    differences = [f'rule "{name}" was to fail and did not' for name in expected if name not in failed]
    return differences + [
        f'rule "{failure.rule}" failed: {failure.key}: {failure.message}'
        for failure in failures
        if failure.rule not in expected
    ]


def _reasons(mapping: MappingFile, example: Example, events: tuple[Event, ...]) -> list[str]:
    """Why the rules that were expected to start something did not match."""
    wanted = {str(expected.values.get("rule")) for expected in example.expect} | set(example.failed)
    return [
        f'rule "{verdict.rule}" did not match: {sentence(verdict, event)}'
        for event in events
        for verdict in judge(mapping, event)
        if verdict.match is not Match.MATCHED and verdict.match is not Match.FAILED and verdict.rule in wanted
    ]
