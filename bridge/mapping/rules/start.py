"""The `start:` of a rule: compiled once, rendered for each event or item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, TypeVar

from bridge.frozen import frozen
from bridge.jsonpath.scope import ABSENT, Scope
from bridge.language.text import Unusable, text_of
from bridge.language.values import Value
from bridge.mapping.rules.ids import messenger_id, variable_text, whole_id
from bridge.model import Json, Recipient
from bridge.reasons.reason import Reason

T = TypeVar("T")
Shared: TypeAlias = dict[int, Json]
"""Rendered values of a start by the id() of the Value, or the Unusable that rendering raised."""


@dataclass(frozen=True, slots=True)
class RenderFailure:
    """Why a start cannot be rendered: its key, the path of the value, and what is wrong."""

    key: str
    path: str
    reason: Reason


@frozen
class Rendered:
    """A rendered start for one event or item."""

    bot_id: int
    recipient: Recipient
    variables: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RecipientValues:
    """The values of one recipient: a subscriber, or a person in a channel."""

    subscriber_id: Value | None = None
    user_id: Value | None = None
    channel_id: Value | None = None

    def resolve(self, scope: Scope, failures: list[RenderFailure], shared: Shared | None) -> Recipient | None:
        """The recipient; None after adding what is missing or invalid to `failures`."""
        if self.subscriber_id is not None:
            number = checked("subscriber_id", self.subscriber_id, scope, whole_id, failures, shared)
            return None if number is None else Recipient(subscriber_id=number)
        user = self.user_id and checked("user_id", self.user_id, scope, messenger_id, failures, shared)
        channel = self.channel_id and checked(
            "channel_id", self.channel_id, scope, messenger_id, failures, shared
        )
        return Recipient(user_id=user, channel_id=channel) if user and channel else None


class Variable(NamedTuple):
    """A variable of the bot, and the position of its name in the mapping file."""

    name: str
    value: Value
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Start:
    """A compiled `start:`."""

    bot_id: Value
    recipients: tuple[RecipientValues, ...]
    """In order: the first one that the event has is used."""
    variables: tuple[Variable, ...]
    forced: bool

    @property
    def values(self) -> tuple[Value, ...]:
        """Every value of it."""
        ways = [(way.subscriber_id, way.user_id, way.channel_id) for way in self.recipients]
        people = [value for way in ways for value in way if value]
        return (self.bot_id, *people, *(one.value for one in self.variables))

    def render(
        self, scope: Scope, failures: list[RenderFailure], shared: Shared | None = None
    ) -> Rendered | None:
        """The start; None after adding all that is missing or invalid to `failures`.

        `shared` caches values that are the same for all items.
        """
        bot_id = checked("bot_id", self.bot_id, scope, whole_id, failures, shared)
        recipient = self._recipient(scope, failures, shared)
        variables = self._variables(scope, failures, shared)
        if failures or bot_id is None or recipient is None:
            return None
        return Rendered(bot_id, recipient, variables)

    def _recipient(
        self, scope: Scope, failures: list[RenderFailure], shared: Shared | None
    ) -> Recipient | None:
        rejected: list[RenderFailure] = []
        for values in self.recipients:
            recipient = values.resolve(scope, rejected, shared)
            if recipient is not None:
                return recipient
        failures += rejected
        return None

    def _variables(
        self, scope: Scope, failures: list[RenderFailure], shared: Shared | None
    ) -> tuple[tuple[str, str], ...]:
        """Every variable with a value; those that are absent or null are omitted."""
        found = []
        for name, value, _, _ in self.variables:
            try:
                content = rendered(value, scope, shared)
                if content is not None and content is not ABSENT:
                    found.append((name, variable_text(text_of(content))))
            except Unusable as unusable:
                failures.append(RenderFailure(f"variables.{name}", value.text, unusable.about(value.text)))
        return tuple(found)


def rendered(value: Value, scope: Scope, shared: Shared | None) -> Json:
    """The value. If it does not use `$item`, it is rendered once for all items. Raises Unusable."""
    if shared is None or value.uses_item:
        return value.render(scope)
    if id(value) not in shared:
        try:
            shared[id(value)] = value.render(scope)
        except Unusable as unusable:
            shared[id(value)] = unusable
    known = shared[id(value)]
    if isinstance(known, Unusable):
        raise known.with_traceback(None)
    return known


def checked(
    key: str,
    value: Value,
    scope: Scope,
    check: Callable[[Json], T],
    failures: list[RenderFailure],
    shared: Shared | None,
) -> T | None:
    """The rendered value as `check` returns it; None after adding what is wrong to `failures`."""
    try:
        return check(rendered(value, scope, shared))
    except Unusable as unusable:
        failures.append(RenderFailure(key, value.text, unusable.about(value.text)))
        return None
