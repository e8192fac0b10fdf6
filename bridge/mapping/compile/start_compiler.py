"""Compiles `start:` to a Start."""

from __future__ import annotations

from collections.abc import Callable

from bridge.jsonpath.scope import ABSENT
from bridge.language.keys_rule import RECIPIENT, RULE, START
from bridge.language.nodes import Mapping, Node, Report, Scalar
from bridge.language.reader import Fields, Reader
from bridge.language.schema import Place, describe
from bridge.language.text import Unusable
from bridge.language.values import Value, compile_value
from bridge.mapping.rules.ids import messenger_id, name_fault, variable_text, whole_id
from bridge.mapping.rules.start import RecipientValues, Start, Variable
from bridge.model import Json
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

_FORMS = ({"subscriber_id"}, {"user_id", "channel_id"})


def compile_start(node: Node, report: Report) -> Start | None:
    """Compile a start; None if an error was reported."""
    fields = Reader(report).table(node, START, Place(RULE, "start"))
    if fields is None:
        return None
    bot_id = _id(fields, "bot_id", whole_id, report)
    recipients = _recipients(fields, report)
    variables = _variables(fields.node.get("variables"), report)
    if bot_id is None or not recipients:
        return None
    return Start(bot_id, recipients, variables, fields["forced"])


def _recipients(fields: Fields, report: Report) -> tuple[RecipientValues, ...]:
    """The recipient, or those of `first_of` in order; empty if an error was reported."""
    if "first_of" not in fields:
        values = _recipient_values(fields, report)
        return () if values is None else (values,)
    given = _given(fields)
    if given:
        report.add(fields.at(given[0]), "M301", Reason(MappingCode.TWO_RECIPIENTS, key=given[0]))
        return ()
    if not fields["first_of"]:
        report.add(fields.at("first_of"), "M301", Reason(MappingCode.EMPTY_FIRST_OF))
        return ()
    ways = [_way(item, report) for item in fields["first_of"]]
    return tuple(way for way in ways if way is not None)


def _way(node: Node, report: Report) -> RecipientValues | None:
    fields = Reader(report).table(node, RECIPIENT, Place(START, "first_of"))
    if fields is None:
        return None
    return _recipient_values(fields, report)


def _recipient_values(fields: Fields, report: Report) -> RecipientValues | None:
    given = _given(fields)
    if "contact" in fields:
        return None
    if set(given) not in _FORMS:
        found = Reason(MappingCode.RECIPIENT_FOUND, found=tuple(given))
        report.add(fields.node, "M301", found if given else Reason(MappingCode.RECIPIENT_NONE))
        return None
    if "subscriber_id" in fields:
        number = _id(fields, "subscriber_id", whole_id, report)
        return None if number is None else RecipientValues(subscriber_id=number)
    user = _id(fields, "user_id", messenger_id, report)
    channel = _id(fields, "channel_id", messenger_id, report)
    return None if user is None or channel is None else RecipientValues(user_id=user, channel_id=channel)


def _given(fields: Fields) -> list[str]:
    return [name for name in ("subscriber_id", "user_id", "channel_id") if name in fields]


def _id(fields: Fields, name: str, check: Callable[[Json], object], report: Report) -> Value | None:
    """Compile an id. A literal is checked here, a path when an event is processed."""
    if name not in fields:
        return None
    node = fields.at(name)
    value = compile_value(node, report, Place(START, name))
    if value is None or value.literal is ABSENT:
        return value
    try:
        check(value.literal)
    except Unusable as unusable:
        wrong = Reason(MappingCode.BAD_ID, why=unusable.about(name), hint=_path_hint(node))
        report.add(node, "M209", wrong)
        return None
    return value


def _path_hint(node: Node) -> Reason | None:
    if not isinstance(node, Scalar) or not node.text[:1].isalpha():
        return None
    return Reason(MappingCode.PATH_MEANT, path=f"$.{node.text}")


def _variables(node: Node | None, report: Report) -> tuple[Variable, ...]:
    entries = node.entries if isinstance(node, Mapping) else ()
    compiled = [(key, _variable(key, child, report)) for key, child in entries]
    return tuple(Variable(key.text, value, key.line, key.column) for key, value in compiled if value)


def _variable(key: Scalar, node: Node, report: Report) -> Value | None:
    fault = name_fault(key.text)
    if fault:
        report.add(key, "M209", fault)
        return None
    if not isinstance(node, Scalar | Mapping):
        report.add(node, "M209", Reason(MappingCode.VARIABLE_NOT_SINGLE, found=describe(node)))
        return None
    value = compile_value(node, report, Place(START, "variables"))
    if value is not None and isinstance(value.literal, str):
        _check_text(value.literal, node, report)
    return value


def _check_text(text: str, node: Node, report: Report) -> None:
    try:
        variable_text(text)
    except Unusable as unusable:
        report.add(node, "M209", unusable.about(Reason(RuleCode.THE_TEXT)))
