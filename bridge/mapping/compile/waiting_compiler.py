"""Compiles the keys of a rule about later and not at all: `after`, `at`, `tz`, `key`, `cancel`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeGuard
from zoneinfo import ZoneInfo

from bridge.jsonpath.scope import ABSENT, Scope
from bridge.language.functions.dates import read_time
from bridge.language.keys_rule import CANCEL, RULE, TIME_OF_DAY
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence, scalars
from bridge.language.reader import Fields, Reader
from bridge.language.schema import Place, describe
from bridge.language.templates import compile_template, is_template
from bridge.language.text import Unusable
from bridge.language.values import ORIGINS, Value, compile_value
from bridge.language.zones import UnknownZone, load_zone, zone_names
from bridge.mapping.compile.context import CompileContext
from bridge.mapping.compile.meant_time import meant_clock, meant_time
from bridge.mapping.rules.due import (
    LONGEST_DAYS,
    UNLIMITED,
    Due,
    TimeOfDay,
    instant,
    time_of_day,
    within_reach,
)
from bridge.mapping.rules.waiting import (
    CancelRule,
    ErrandRule,
    Key,
    Shape,
    Timing,
    Waiting,
    Zone,
    errand_key,
    normal,
)
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

_DAY = 86_400
_LONGEST_MARK = 90
"""Days for which a cancelled errand can stay cancelled."""
_UTC = ZoneInfo("UTC")
_TIME = "2026-12-01T10:00"
_NO_TIME = re.compile(r"[^\W\d_TZUCGM]|[+*] ")
"""What no text of ISO 8601 or UTC, GMT has."""


def compile_waiting(fields: Fields, account: str, context: CompileContext, report: Report) -> Waiting | None:
    """Compile these keys of a rule; None if it has none of them, or after an error in the report."""
    _report_missing(fields, report)
    _report_useless(fields, report)
    timing = _timing(fields, account, context, report)
    errand, cancel = _errand(fields, report), _cancel(fields, report)
    if errand and cancel and cancel.lasts and errand.key.value.text == cancel.key.value.text:
        report.add(fields.at("cancel"), "W521", Reason(MappingCode.OWN_MARK))
    return Waiting(timing, errand, cancel) if timing or errand or cancel else None


def _report_missing(fields: Fields, report: Report) -> None:
    if "start" not in fields:
        for name in ("after", "at", "key"):
            if name in fields:
                report.add(fields.at(name), "M105", Reason(MappingCode.NEEDS_KEY, key=name, needs="start"))
    elif "key" in fields and "again" not in fields:
        report.add(fields.at("key"), "M105", Reason(MappingCode.NEEDS_AGAIN))
    if "after" in fields and "at" in fields:
        report.add(fields.at("at"), "M403", Reason(MappingCode.AFTER_AND_AT))


def _report_useless(fields: Fields, report: Report) -> None:
    """Warn about keys that have no effect because another key is missing."""
    lacks: dict[str, list[Reason]] = {}
    for name, needs in _needs(fields):
        if name in fields:
            lacks.setdefault(name, []).append(Reason(MappingCode.ONE_OF_KEYS, keys=needs))
    for name, needed in lacks.items():
        report.add(fields.at(name), "W517", Reason(MappingCode.NO_EFFECT, key=name, needs=tuple(needed)))


def _needs(fields: Fields) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The keys without effect, each with the keys that it lacks one of."""
    if "start" not in fields:
        yield from ((name, ("start",)) for name in ("expires", "order", "on_uncertain"))
    if "key" not in fields:
        yield "again", ("key",)
    if fields["again"] != "replace":
        yield "at_most", ("again: replace",)
    if "after" not in fields and "at" not in fields:
        yield "at_most", ("after", "at")
        yield "late", ("after", "at")
    if "at" not in fields:
        yield "tz", ("at",)


def _timing(fields: Fields, account: str, context: CompileContext, report: Report) -> Timing | None:
    if "at" not in fields:
        seconds = fields["after"]
        if seconds is None:
            return None
        if seconds > LONGEST_DAYS * _DAY:
            report.add(fields.at("after"), "M209", Reason(MappingCode.AT_MOST_DAYS, count=LONGEST_DAYS))
        return Timing(seconds, fields["late"], Zone(_UTC))
    at = _at(fields.at("at"), report)
    zone = _zone(
        fields, account, context, report, needed=None if at is None else _is_local(fields.at("at"), at)
    )
    if at is None or zone is None:
        return None
    if isinstance(at, Value) and at.literal is not ABSENT and zone.value is None:
        due = instant(at.literal, lambda: zone.default)
        wrong = _unreachable(due, context.now_ms, skips_past=fields["late"] == "skip")
        if wrong:
            report.add(fields.at("at"), "W518", wrong)
    return Timing(at, fields["late"], zone)


def _unreachable(due: Due, now: int, *, skips_past: bool) -> Reason | None:
    """Why events that come now do not wait until then; None if they do, or if the time is unknown, 0."""
    try:
        within_reach(due, now, skips_past=skips_past)
    except Unusable as unusable:
        return Reason(MappingCode.NEVER_IN_REACH, why=unusable.reason)
    return Reason(MappingCode.ALWAYS_PAST) if due.at < now else None


def _at(node: Node, report: Report) -> Value | TimeOfDay | None:
    if _is_clock(node):
        return _time_of_day(node, report)
    if isinstance(node, Sequence):
        report.add(node, "M209", Reason(MappingCode.ONE_TIME))
        return None
    value = compile_value(node, report, Place(RULE, "at"))
    if value is None or value.literal is ABSENT:
        return value if value and not _has_words(node, value, report) else None
    try:
        instant(value.literal, lambda: _UTC)
    except Unusable as unusable:
        why = unusable.about("at") if unusable.reason.code is not RuleCode.NOT_TIME else _not_time(node)
        report.add(node, "M209", Reason(MappingCode.BAD_AT, why=why, hint=meant_time(value.literal)))
        return None
    return value


def _not_time(node: Node) -> Reason:
    return Reason(
        FindingCode.EXPECTED, expected=Reason(MappingCode.A_TIME, example=_TIME), found=describe(node)
    )


def _has_words(node: Node, value: Value, report: Report) -> bool:
    """Report a template for `at` with text that no time has, such as "{$.t} + 1h"."""
    if not isinstance(node, Scalar) or not is_template(value.text):
        return False
    template = compile_template(value.text)
    text = next((part for part in template.parts if isinstance(part, str) and _NO_TIME.search(part)), None)
    if text is not None:
        path = template.paths[0].text if template.paths else "$.time"
        report.add(node, "M209", Reason(MappingCode.TEXT_IN_TIME, text=text.strip(), path=path))
    return text is not None


def _is_clock(node: Node) -> TypeGuard[Mapping]:
    """Whether `at` is a time of day, not an instant."""
    return isinstance(node, Mapping) and not any(node.get(name) for name in ORIGINS)


def _time_of_day(node: Mapping, report: Report) -> TimeOfDay | None:
    fields = Reader(report).table(node, TIME_OF_DAY, Place(RULE, "at"))
    if fields is None or fields["time"] is None:
        return None
    found = time_of_day(fields["time"], next_day=fields["day"] == "next")
    if found is None:
        at = fields.at("time")
        hint = meant_clock(fields["time"])
        report.add(at, "M209", Reason(MappingCode.NOT_TIME_OF_DAY, found=describe(at), hint=hint))
    return found


def _is_local(node: Node, at: Value | TimeOfDay) -> bool:
    """Whether a time zone may decide: not for an instant with an offset, or a unix time."""
    pipe = node.get("pipe") if isinstance(node, Mapping) else None
    if pipe is not None and any(one.text == "unix" for one in scalars(pipe)):
        return False
    return isinstance(at, TimeOfDay) or at.literal is ABSENT or not read_time(at.literal).tzinfo


def _zone(
    fields: Fields, account: str, context: CompileContext, report: Report, *, needed: bool | None
) -> Zone | None:
    default = context.timezone_of(account)
    own = load_zone(default) if default else _UTC
    if "tz" not in fields:
        if needed and default == "":
            report.add(fields.at("at"), "W516", Reason(MappingCode.NO_ZONE, account=account))
        return Zone(own)
    node = fields.at("tz")
    if needed is False:
        report.add(node, "W517", Reason(MappingCode.TZ_UNUSED))
    value = compile_value(node, report, Place(RULE, "tz"))
    if value is None:
        return None
    if value.literal is ABSENT:
        zone_names()  # Read now: reading all names is slow.
        return Zone(own, value)
    try:
        return Zone(load_zone(str(value.literal)))
    except UnknownZone as error:
        report.add(node, "M209", error.reason)
        return None


def _errand(fields: Fields, report: Report) -> ErrandRule | None:
    if "key" not in fields:
        return None
    node, again = fields.at("key"), fields["again"]
    key = _key(node, report)
    if key is None:
        return None
    if None not in key.shape and isinstance(node, Scalar):
        meant = f"{{value: {key.value.text}}}"
        same = Reason(MappingCode.SAME_KEY, example='"cart:{$.cart.id}"', literal=meant)
        report.add(node, "W520", same)
    elif "for_each" in fields and again != "add" and not key.value.uses_item:
        report.add(node, "W520", Reason(MappingCode.SAME_KEY_OF_ITEMS))
    return None if again is None else ErrandRule(key, again, _at_most(fields))


def _at_most(fields: Fields) -> int:
    """Seconds. By default an instant may be moved at will, and what counts from receipt by a day."""
    moves = fields["again"] == "replace" and "at" in fields and not _is_clock(fields.at("at"))
    return UNLIMITED if moves and "at_most" not in fields else int(fields["at_most"])


def _cancel(fields: Fields, report: Report) -> CancelRule | None:
    if "cancel" not in fields:
        return None
    node = fields.at("cancel")
    if isinstance(node, Sequence):
        report.add(node, "M103", Reason(MappingCode.ONE_ERRAND))
        return None
    cancel = Reader(report).table(node, CANCEL, Place(RULE, "cancel"))
    if cancel is None or cancel["key"] is None:
        return None
    key, lasts = _key(cancel["key"], report), cancel["for"] or 0
    if lasts > _LONGEST_MARK * _DAY:
        report.add(cancel.at("for"), "M209", Reason(MappingCode.AT_MOST_DAYS, count=_LONGEST_MARK))
    return None if key is None else CancelRule(key, lasts)


def _key(node: Node, report: Report) -> Key | None:
    """Compile an errand's key. A literal is checked here, a path or template when an event is processed."""
    value = compile_value(node, report, Place(RULE, "key"))
    if value is None:
        return None
    if value.literal is ABSENT:
        return Key(_filled(value), _shape(value.text) if isinstance(node, Scalar) else (None,))
    try:
        return Key(value, (errand_key(value.literal),))
    except Unusable as unusable:
        report.add(node, "M209", unusable.about("key"))
        return None


def _filled(value: Value) -> Value:
    """The same value. If it is a template, rendering raises Unusable for a blank part: without the cart's id,
    all carts would be one errand."""
    if not is_template(value.text):
        return value
    paths = compile_template(value.text).paths

    def render(scope: Scope) -> Json:
        for path in paths:
            if any(isinstance(found, str) and not found.strip() for found in path.find(scope)):
                raise Unusable(Reason(RuleCode.KEY_EMPTY, what=path.text), path.text)
        return value.render(scope)

    return replace(value, render=render)


def _shape(text: str) -> Shape:
    """The shape of a path or template."""
    if not is_template(text):
        return (None,)
    parts = compile_template(text).parts
    return tuple(normal(part) if isinstance(part, str) else None for part in parts)
