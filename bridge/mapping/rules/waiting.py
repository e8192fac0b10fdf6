"""What a rule says about later and not at all: `after`, `at`, `key`, `cancel`, rendered for each event."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from bridge.jsonpath.scope import ABSENT, Scope
from bridge.language.functions.base import quote
from bridge.language.text import THE_VALUE, Unusable, text_of
from bridge.language.values import Value
from bridge.language.zones import known_zone, zone_names
from bridge.mapping.rules.due import Due, TimeOfDay, instant, within_reach
from bridge.mapping.rules.ids import clean
from bridge.mapping.rules.start import RenderFailure, Shared, checked, rendered
from bridge.model import Again, Errand, Json, Late
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

Shape: TypeAlias = tuple[str | None, ...]

MAX_KEY = 200
"""Maximum length of an errand's key, in characters."""


class UnusableZone(Unusable):
    """The value of `tz` is not a time zone."""


@dataclass(frozen=True, slots=True)
class Zone:
    """The time zone of `at`: the value of `tz`, else that of the account."""

    default: ZoneInfo
    value: Value | None = None
    """A path or template; None if the zone is the same for every event."""

    def of(self, scope: Scope, shared: Shared | None) -> ZoneInfo:
        """The zone for an event; the default if the value is absent, null or blank. Raises UnusableZone."""
        if self.value is None:
            return self.default
        try:
            found = rendered(self.value, scope, shared)
            name = "" if found is None or found is ABSENT else text_of(found).strip()
        except Unusable as unusable:
            raise UnusableZone(unusable.reason, unusable.path, unusable.cure) from unusable
        if name and name not in zone_names():
            raise UnusableZone(Reason(RuleCode.NOT_ZONE, what=THE_VALUE, found=quote(name)))
        return known_zone(name) if name else self.default


@dataclass(frozen=True, slots=True)
class Timing:
    """`after` or `at`, compiled."""

    at: Value | TimeOfDay | int
    """A value that is an instant, a time of day, or the seconds to wait."""
    late: Late
    zone: Zone

    @property
    def at_local(self) -> bool:
        """Whether a time zone may decide."""
        return not isinstance(self.at, int)

    def render(self, scope: Scope, failures: list[RenderFailure], shared: Shared | None) -> Due | None:
        """When a start for this event is due; None after adding what is invalid to `failures`."""
        try:
            return self._due(scope, shared)
        except Unusable as unusable:
            is_zone = isinstance(unusable, UnusableZone)
            value = self.zone.value if is_zone else self.at
            text = value.text if isinstance(value, Value) else ""
            failures.append(RenderFailure("tz" if is_zone else "at", text, unusable.about(text)))
            return None

    def _due(self, scope: Scope, shared: Shared | None) -> Due:
        received_at: int = scope.counts_from or scope.event["received_at"]
        if isinstance(self.at, int):
            return Due(received_at + self.at * 1000, "")
        if isinstance(self.at, TimeOfDay):
            return self.at.after(received_at, self.zone.of(scope, shared))
        found = instant(rendered(self.at, scope, shared), lambda: self.zone.of(scope, shared))
        return within_reach(found, received_at, skips_past=self.late == "skip")


@dataclass(frozen=True, slots=True)
class Key:
    """The key of an errand, compiled."""

    value: Value
    shape: Shape
    """Its literal parts in order, and None for each part that depends on the event."""


@dataclass(frozen=True, slots=True)
class ErrandRule:
    """`key` with `again` and `at_most`, compiled."""

    key: Key
    again: Again
    at_most: int


@dataclass(frozen=True, slots=True)
class CancelRule:
    """`cancel`, compiled."""

    key: Key
    lasts: int
    """Seconds; 0: later starts are not concerned."""


@dataclass(frozen=True, slots=True)
class Later:
    """The rendered `after` or `at`, `key` and `cancel` of a rule for one event or item."""

    due_at: int = 0
    late: Late = "send"
    zone: str = ""
    errand: Errand | None = None
    cancelled: str | None = None
    """The key of the errand to end; None without `cancel`."""


AT_ONCE: Final = Later()
"""Of a rule without any of these keys."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The keys of a rule that has any of them, compiled."""

    timing: Timing | None = None
    errand: ErrandRule | None = None
    cancel: CancelRule | None = None

    @property
    def values(self) -> tuple[Value, ...]:
        """Every value of them."""
        timing = (self.timing.at, self.timing.zone.value) if self.timing else ()
        keys = (self.errand and self.errand.key.value, self.cancel and self.cancel.key.value)
        return tuple(value for value in (*timing, *keys) if isinstance(value, Value))

    def render(self, scope: Scope, failures: list[RenderFailure], shared: Shared | None = None) -> Later:
        """The values for one event or item. What is missing or invalid is added to `failures`."""
        due = self.timing.render(scope, failures, shared) if self.timing else None
        errand = cancelled = None
        if self.errand is not None:
            key = checked("key", self.errand.key.value, scope, errand_key, failures, shared)
            errand = Errand(key or "", self.errand.again, self.errand.at_most)
        if self.cancel is not None:
            key = checked("cancel.key", self.cancel.key.value, scope, errand_key, failures, shared)
            cancelled = key or ""
        late = self.timing.late if self.timing else "send"
        return Later(due.at if due else 0, late, due.zone if due else "", errand, cancelled)


def errand_key(value: Json) -> str:
    """The key of an errand: a text without blanks around it, in Unicode's form NFC. Raises Unusable."""
    text = normal(clean(text_of(value))).strip()
    if not text:
        raise Unusable(Reason(RuleCode.KEY_EMPTY, what=THE_VALUE))
    if len(text) > MAX_KEY:
        raise Unusable(Reason(RuleCode.KEY_TOO_LONG, what=THE_VALUE, count=len(text), most=MAX_KEY))
    return text


def normal(text: str) -> str:
    """The text in Unicode's form NFC."""
    return unicodedata.normalize("NFC", text)
