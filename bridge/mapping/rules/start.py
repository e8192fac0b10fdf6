"""The `start:` of a rule: compiled once, rendered for each event or item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, TypeVar

from bridge.jsonpath.scope import ABSENT, Scope
from bridge.language.text import Unusable, text_of
from bridge.language.values import Value
from bridge.mapping.rules.ids import messenger_id, variable_text, whole_id
from bridge.model import Json, Recipient
from bridge.reasons.reason import Reason

T = TypeVar("T")
Shared: TypeAlias = dict[int, Json]
"""Values of a start by their identity, or the Unusable that they raise."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a start cannot be: which key, what was to give it, what is wrong."""

    key: str
    path: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Rendered:
    """A start for one event or item."""

    bot_id: int
    recipient: Recipient
    variables: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Whom:
    """One way to tell the recipient: a subscriber, or a person in a channel."""

    subscriber_id: Value | None = None
    user_id: Value | None = None
    channel_id: Value | None = None

    def resolve(self, scope: Scope, lacks: list[Lack], shared: Shared | None) -> Recipient | None:
        """The recipient, or None after noting what is missing or invalid."""
        if self.subscriber_id is not None:
            number = _checked("subscriber_id", self.subscriber_id, scope, whole_id, lacks, shared)
            return None if number is None else Recipient(subscriber_id=number)
        user = self.user_id and _checked("user_id", self.user_id, scope, messenger_id, lacks, shared)
        channel = self.channel_id and _checked(
            "channel_id", self.channel_id, scope, messenger_id, lacks, shared
        )
        return Recipient(user_id=user, channel_id=channel) if user and channel else None


class Variable(NamedTuple):
    """A variable of the bot, and where its name stands in the mapping file."""

    name: str
    value: Value
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Start:
    """What a rule starts: the values that an event must give."""

    bot_id: Value
    recipients: tuple[Whom, ...]
    """The first that the event has is taken."""
    variables: tuple[Variable, ...]
    forced: bool

    def render(self, scope: Scope, shared: Shared | None = None) -> Rendered | list[Lack]:
        """The start, or everything that it lacks. `shared` keeps what is the same for all items."""
        lacks: list[Lack] = []
        bot_id = _checked("bot_id", self.bot_id, scope, whole_id, lacks, shared)
        recipient = self._recipient(scope, lacks, shared)
        variables = self._variables(scope, lacks, shared)
        if lacks or bot_id is None or recipient is None:
            return lacks
        return Rendered(bot_id, recipient, variables)

    def _recipient(self, scope: Scope, lacks: list[Lack], shared: Shared | None) -> Recipient | None:
        missing: list[Lack] = []
        for whom in self.recipients:
            recipient = whom.resolve(scope, missing, shared)
            if recipient is not None:
                return recipient
        lacks += missing
        return None

    def _variables(
        self, scope: Scope, lacks: list[Lack], shared: Shared | None
    ) -> tuple[tuple[str, str], ...]:
        """Every variable that the event gives; what is absent or null is left out."""
        found = []
        for name, value, _, _ in self.variables:
            try:
                content = _rendered(value, scope, shared)
                if content is not None and content is not ABSENT:
                    found.append((name, variable_text(text_of(content))))
            except Unusable as unusable:
                lacks.append(Lack(f"variables.{name}", value.text, unusable.about(value.text)))
        return tuple(found)


def _rendered(value: Value, scope: Scope, shared: Shared | None) -> Json:
    """The value; one that does not look at `$item` is worked out once for all items. Raises Unusable."""
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


def _checked(
    key: str,
    value: Value,
    scope: Scope,
    check: Callable[[Json], T],
    lacks: list[Lack],
    shared: Shared | None,
) -> T | None:
    try:
        return check(_rendered(value, scope, shared))
    except Unusable as unusable:
        lacks.append(Lack(key, value.text, unusable.about(value.text)))
        return None
