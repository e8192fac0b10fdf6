"""Makes the outline of a rule from the values that a person chose in a webhook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bridge.errors import UsageError
from bridge.jsonpath.path import PathError, compile_path
from bridge.jsonpath.scope import Scope
from bridge.language.text import Unusable, text_of
from bridge.mapping.author.infer_rule import Leaf, RuleOutline, infer_rule, is_id, leaves
from bridge.mapping.rules.ids import messenger_id, name_fault, whole_id
from bridge.model import Event, Json
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.webhook.source import scope_of

Role: TypeAlias = Literal["subscriber_id", "user_id", "channel_id", "variable", "condition"]
ROLES: tuple[Role, ...] = ("subscriber_id", "user_id", "channel_id", "variable", "condition")
"""The uses of a value in a rule."""

_RECIPIENTS = (set[str](), {"subscriber_id"}, {"user_id"}, {"user_id", "channel_id"})
"""Valid combinations. A missing `channel_id` can be filled in later."""
_CHECKS: dict[Role, Callable[[Json], object]] = {
    "subscriber_id": whole_id,
    "user_id": messenger_id,
    "channel_id": messenger_id,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an event, and its use in the rule."""

    path: str
    role: Role
    name: str = ""
    """The name of the variable."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The values that a person chose in an event."""

    event: Event
    choices: tuple[Choice, ...]
    bot_id: int | None = None
    """The id of the bot to start."""
    fixed: tuple[tuple[Role, Json], ...] = ()
    """Parts of the recipient with a fixed value: one person, or the channel."""


def inferred_choices(event: Event) -> tuple[Choice, ...]:
    """The initial choices, inferred from the event."""
    outline = infer_rule(event)
    roles: dict[str, Role] = {role: role for role in ROLES}
    return (
        *(Choice(path, "condition") for path, _ in outline.when),
        *(Choice(path, roles[key]) for key, path in outline.recipient),
        *(Choice(path, "variable", name) for name, path in outline.variables),
    )


def outline_rule(chosen: Chosen) -> RuleOutline:
    """Make the outline of a rule, in which values may still be missing.

    Raises UsageError if the choices are not valid or contradict each other.
    """
    scope = scope_of(chosen.event)
    values = {choice.path: _value(choice.path, scope) for choice in chosen.choices}
    recipient = dict(_of_recipient(chosen.choices, values))
    for role, value in chosen.fixed:
        _check(role, value, role)
        if role in recipient:
            raise UsageError(Reason(ErrorCode.CHOSEN_TWICE, role=role), Reason(ErrorCode.ONE_RECIPIENT))
    named = (*recipient, *dict(chosen.fixed))
    if set(named) not in _RECIPIENTS:
        alone = Reason(ErrorCode.RECIPIENT_INCOMPLETE, role=named[0])
        reason = alone if len(named) == 1 else Reason(ErrorCode.RECIPIENT_AMBIGUOUS, roles=named)
        raise UsageError(reason, Reason(ErrorCode.CHOOSE_RECIPIENT))
    asked = {one.path: _compared(one, values) for one in chosen.choices if one.role == "condition"}
    return RuleOutline(
        tuple(asked.items()),
        tuple(recipient.items()),
        tuple(dict(_variables(chosen.choices, values)).items()),
        chosen.fixed,
        chosen.bot_id,
    )


def candidates(event: Event) -> tuple[Leaf, ...]:
    """The event's values that may be a `subscriber_id`."""
    return tuple(leaf for leaf in leaves(event.document) if is_id(leaf.value))


def _value(path: str, scope: Scope) -> Json:
    try:
        found = compile_path(path).find(scope)
    except PathError as error:
        reason = Reason(ErrorCode.NOT_A_PATH, path=path, why=error.reason)
        raise UsageError(reason, error.cure) from error
    if not found:
        raise UsageError(Reason(ErrorCode.PATH_FINDS_NOTHING, path=path))
    if len(found) > 1:
        reason = Reason(ErrorCode.PATH_FINDS_MANY, path=path, count=len(found))
        raise UsageError(reason, Reason(ErrorCode.CHOOSE_ONE_VALUE))
    return found[0]


def _of_recipient(choices: tuple[Choice, ...], values: dict[str, Json]) -> Iterator[tuple[str, str]]:
    for one in choices:
        if one.role not in _CHECKS:
            continue
        if any(other.role == one.role and other.path != one.path for other in choices):
            raise UsageError(Reason(ErrorCode.CHOSEN_TWICE, role=one.role), Reason(ErrorCode.ONE_RECIPIENT))
        _single(one.path, values[one.path])
        _check(one.role, values[one.path], one.path)
        yield one.role, one.path


def _check(role: Role, value: Json, what: str) -> None:
    """Raise UsageError if the value is not valid for this part of a recipient."""
    try:
        _CHECKS[role](value)
    except Unusable as unusable:
        raise UsageError(unusable.about(what)) from unusable


def _variables(choices: tuple[Choice, ...], values: dict[str, Json]) -> Iterator[tuple[str, str]]:
    paths: dict[str, str] = {}
    for one in choices:
        if one.role != "variable":
            continue
        fault = name_fault(one.name)
        if fault:
            raise UsageError(fault)
        if paths.setdefault(one.name, one.path) != one.path:
            raise UsageError(Reason(ErrorCode.VARIABLE_TWICE, name=one.name))
        if values[one.path] is not None:
            _single(one.path, values[one.path])
        yield one.name, one.path


def _compared(choice: Choice, values: dict[str, Json]) -> Json:
    value = values[choice.path]
    if value is not None:
        _single(choice.path, value)
    return value


def _single(path: str, value: Json) -> None:
    """Raise UsageError if the value is null, a list or a map."""
    try:
        text_of(value, path)
    except Unusable as unusable:
        raise UsageError(unusable.reason, unusable.cure) from unusable
