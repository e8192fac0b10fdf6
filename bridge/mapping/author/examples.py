"""Runs the `tests:` of a mapping file: samples through the source's decoding and the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.errors import DocumentError
from bridge.jsonpath.exact_numbers import to_json
from bridge.language.functions.base import quote
from bridge.mapping.author.explain import verdict_reason
from bridge.mapping.rules.apply import Example, Expected, MappingFile, judge
from bridge.mapping.rules.due import read_instant, shown_due
from bridge.mapping.rules.webhook import apply_to_webhook
from bridge.model import BotStart, Event, Failure, Json, Match, Request
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode
from bridge.webhook.budget import OverBudgetError
from bridge.webhook.decode.forms import build_document, read_pairs

ReadSample = Callable[[str], bytes]
"""Reads a sample by its path relative to the mapping file; raises OSError."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one test. It passed if there is no difference."""

    name: str
    line: int
    differences: tuple[Reason, ...]
    """What differs, then the reasons for missing starts."""
    starts: tuple[BotStart, ...] = ()
    """Without those that never start because they are late."""
    cancelled: tuple[str, ...] = ()
    """The keys of errands that end."""
    failures: tuple[Failure, ...] = ()
    events: tuple[Event, ...] = ()
    """The events in the sample; none if it could not be read."""

    @property
    def passed(self) -> bool:
        return not self.differences


def run_example(mapping: MappingFile, example: Example, read_sample: ReadSample) -> Result:
    """Run one test of the file. Every error becomes a difference; nothing is raised."""
    try:
        request, events = _events(mapping, example, read_sample)
        made = apply_to_webhook(mapping, events, request)
    except OSError as error:
        why = error.strerror or type(error).__name__
        return _unread(example, Reason(RuleCode.SAMPLE_MISSING, file=example.file, why=why))
    except OverBudgetError as error:
        return _unread(example, Reason(RuleCode.SAMPLE_TOO_LARGE, why=error.whole))
    except DocumentError as error:
        return _unread(example, Reason(RuleCode.SAMPLE_UNREADABLE, why=error.reason))
    applied = [one for _, one in made]
    planned = [start for application in applied for start in application.starts]
    starts = tuple(start for start in planned if not start.is_skipped(example.now))
    failures = tuple(failure for application in applied for failure in application.failures)
    cancelled = tuple(one.key for application in applied for one in application.cancels)
    differences = (
        *_compare(example.expect, starts),
        *_compare_failures(example.failed, failures),
        *_compare_cancelled(example.cancelled, cancelled),
    )
    late = [start for start in planned if start not in starts]
    reasons = (*_times(example, planned, late), *_reasons(mapping, example, events)) if differences else ()
    return Result(example.name, example.line, (*differences, *reasons), starts, cancelled, failures, events)


def _unread(example: Example, why: Reason) -> Result:
    return Result(example.name, example.line, (why,))


def _events(
    mapping: MappingFile, example: Example, read_sample: ReadSample
) -> tuple[Request, tuple[Event, ...]]:
    """The sample as a request, and its events."""
    source = mapping.source
    body = to_json(example.body).encode() if example.file is None else read_sample(example.file)
    request = Request(source.default_method(body), example.query, example.headers, body, "")
    if example.file is not None:
        return request, source.events(request, example.now)
    query = build_document(read_pairs(example.query.encode()))
    return request, source.events_of(example.body, example.now, dict(example.headers), query)


def _compare(expected: tuple[Expected, ...], starts: tuple[BotStart, ...]) -> list[Reason]:
    differences: list[Reason] = []
    for index in range(max(len(expected), len(starts))):
        number = index + 1
        if index >= len(starts):
            start = _listed(expected[index].values)
            differences.append(Reason(RuleCode.START_MISSING, number=number, start=start))
        elif index >= len(expected):
            start = _listed(facts(starts[index]))
            differences.append(Reason(RuleCode.START_UNEXPECTED, number=number, start=start))
        else:
            differences += _compare_start(number, expected[index].values, facts(starts[index]))
    return differences


def facts(start: BotStart) -> dict[str, Json]:
    """A start with the keys that `expect:` uses, without those that it does not have."""
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
        "due": shown_due(start.due_at, start.zone) if start.due_at else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _compare_start(number: int, wanted: dict[str, Json], found: dict[str, Json]) -> list[Reason]:
    differences: list[Reason] = []
    for name, value in wanted.items():
        if name == "variables":
            differences += _compare_variables(number, value, found["variables"])
        elif name == "due" and name in found and read_instant(value) == read_instant(found[name]):
            continue
        elif found.get(name) != value:
            differences.append(_differs(number, name, quote(found.get(name)), quote(value)))
    return differences


def _compare_variables(number: int, wanted: dict[str, str], found: dict[str, str]) -> list[Reason]:
    names = [*wanted, *(name for name in found if name not in wanted)]
    return [
        _differs(number, f"variables.{name}", _variable(found, name), _variable(wanted, name))
        for name in names
        if wanted.get(name) != found.get(name)
    ]


def _differs(number: int, key: str, found: str | Reason, wanted: str | Reason) -> Reason:
    return Reason(RuleCode.START_DIFFERS, number=number, key=key, found=found, wanted=wanted)


def _variable(variables: dict[str, str], name: str) -> str | Reason:
    return quote(variables[name]) if name in variables else Reason(RuleCode.NO_VALUE)


def _listed(values: dict[str, Json]) -> str:
    """The keys and values of a start, on one line."""
    return ", ".join(f"{name} {_shown(value)}" for name, value in values.items() if value is not False)


def _shown(value: Json) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {quote(text)}" for name, text in value.items()) + "}"
    return f"{quote(value)}"


def _compare_failures(expected: tuple[str, ...], failures: tuple[Failure, ...]) -> list[Reason]:
    failed = {failure.rule for failure in failures}
    differences = [Reason(RuleCode.DID_NOT_FAIL, rule=name) for name in expected if name not in failed]
    return differences + [
        Reason(RuleCode.DID_FAIL, rule=failure.rule, key=failure.key, why=failure.reason)
        for failure in failures
        if failure.rule not in expected
    ]


def _compare_cancelled(expected: tuple[str, ...] | None, found: tuple[str, ...]) -> list[Reason]:
    if expected is None or expected == found:
        return []
    return [Reason(RuleCode.CANCELLED_DIFFERS, found=_keys(found), wanted=_keys(expected))]


def _keys(keys: tuple[str, ...]) -> str | Reason:
    return ", ".join(f"{quote(key)}" for key in keys) if keys else Reason(RuleCode.NO_KEYS)


def _times(example: Example, planned: list[BotStart], late: list[BotStart]) -> list[Reason]:
    """What times have to do with the differences."""
    if any(start.due_at for start in planned) and not example.now:
        return [Reason(RuleCode.NO_NOW, example="2026-11-30T23:40+03:00")]
    return [
        Reason(RuleCode.TOO_LATE, rule=start.rule, due=shown_due(start.due_at, start.zone)) for start in late
    ]


def _reasons(mapping: MappingFile, example: Example, events: tuple[Event, ...]) -> list[Reason]:
    """Why rules that were expected to match did not."""
    wanted = {str(expected.values.get("rule")) for expected in example.expect} | set(example.failed)
    return [
        Reason(RuleCode.DID_NOT_MATCH, rule=verdict.rule, why=verdict_reason(verdict, event))
        for event in events
        for verdict in judge(mapping, event)
        if verdict.match is not Match.MATCHED and verdict.match is not Match.FAILED and verdict.rule in wanted
    ]
