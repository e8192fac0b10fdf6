"""What one webhook may make the bridge store: a bound on the product of its items, rules and values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.errors import DocumentError
from bridge.jsonpath.exact_numbers import to_json
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode

FREE = 256 * 1024
"""Bytes that any webhook may store."""
FACTOR = 8
"""Bytes that it may store for each byte of its body."""
MOST = 8 * 1024 * 1024
"""Bytes that no webhook goes beyond."""
EVENT_ROW = 250
"""Bytes that an event takes without its document and what the rules made of it."""
CALL_ROW = 350
"""Bytes that a call takes without its variables and names."""
FAILURE = 60
"""Bytes that a failure takes without its reason."""
VALUES = 1_000_000
"""Values that the rules of one webhook may look at: a second or two, in which nobody else is answered."""
RULE = 4
EVENT = 50
CALL = 100
"""What it takes to try a rule for an event or an item, to store an event, and a call, in values looked at."""


class OverBudgetError(DocumentError):
    """The events and calls of a webhook would take too much room, or too long; `rule` is the one at fault."""

    def __init__(self, reason: Reason, rule: str = "") -> None:
        super().__init__(reason, Reason(WebhookCode.BUDGET_CURE))
        self.rule = rule


def too_large(what: Reason, size: int, body: int, rule: str = "") -> OverBudgetError:
    """For a webhook that would store `size` bytes, 0 where they were not counted to the end."""
    amount = _amount(size) if size else Reason(WebhookCode.BUDGET_MORE)
    most = _amount(allowance(body))
    reason = Reason(WebhookCode.BUDGET_STORED, what=what, amount=amount, body=_amount(body), most=most)
    return OverBudgetError(reason, rule)


def allowance(body: int) -> int:
    """How many bytes a webhook with a body of so many bytes may store."""
    return min(FREE + FACTOR * body, MOST)


@dataclass(slots=True)
class Budget:
    """What a webhook may still store and look at while its calls are made. `body` gives its body's length."""

    body: Callable[[], int]
    rule: str = ""
    """The rule that is tried."""
    stored: int = 0
    looked_at: int = 0
    _limit: int = FREE

    def store(self, size: int) -> None:
        """Raises OverBudgetError as soon as the calls no longer fit."""
        self.stored += size
        if self.stored > self._limit:
            body = self.body()
            self._limit = allowance(body)
            if self.stored > self._limit:
                raise too_large(Reason(WebhookCode.BUDGET_OF_RULE, rule=self.rule), 0, body, self.rule)

    def look_at(self, values: int) -> None:
        """Raises OverBudgetError as soon as the rules have looked at too much."""
        self.looked_at += values
        if self.looked_at > VALUES:
            reason = Reason(WebhookCode.BUDGET_LOOKED_AT, rule=self.rule, count=VALUES, call=CALL)
            raise OverBudgetError(reason, self.rule)


def size_of(value: Json) -> int:
    """The bytes of a value as stored."""
    text = to_json(value)
    return len(text) if text.isascii() else len(text.encode("utf-8", "backslashreplace"))


def _amount(size: int) -> Reason:
    if size < 10_000:
        return Reason(WebhookCode.SIZE_BYTES, count=size)
    if size < 10_000_000:
        return Reason(WebhookCode.SIZE_KILOBYTES, count=round(size / 1000))
    return Reason(WebhookCode.SIZE_MEGABYTES, count=round(size / 1_000_000))
