"""Limits what one webhook may make the bridge store: the product of its items, rules and values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.errors import DocumentError
from bridge.jsonpath.exact_numbers import to_json
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode

FREE = 256 * 1024
"""Bytes that every webhook may store."""
FACTOR = 8
"""Bytes that it may store per byte of its body."""
MOST = 8 * 1024 * 1024
"""The most bytes that a webhook may store."""
EVENT_ROW = 250
"""Bytes of an event without its document, verdicts and failures."""
CALL_ROW = 350
"""Bytes of a call without its variables and names."""
ERRAND_ROW = 250
"""Bytes of an errand, of a call or cancelled, without its names."""
FAILURE = 60
"""Bytes of a failure without its reason."""
VALUES = 1_000_000
"""Values that the rules of one webhook may read: one or two seconds, which block all other requests."""
RULE = 4
EVENT = 50
CALL = 100
"""The cost of trying a rule for an event or item, of storing an event, and a call, in values read."""


class OverBudgetError(DocumentError):
    """The events and calls of a webhook take too much space or time; `rule` is the one that exceeded it."""

    def __init__(self, reason: Reason, rule: str = "") -> None:
        super().__init__(reason, Reason(WebhookCode.BUDGET_CURE))
        self.rule = rule


def too_large(what: Reason, size: int, body: int, rule: str = "") -> OverBudgetError:
    """The error for a webhook that would store `size` bytes; 0 if they were not counted to the end."""
    amount = _amount(size) if size else Reason(WebhookCode.BUDGET_MORE)
    most = _amount(allowance(body))
    reason = Reason(WebhookCode.BUDGET_STORED, what=what, amount=amount, body=_amount(body), most=most)
    return OverBudgetError(reason, rule)


def allowance(body: int) -> int:
    """The number of bytes that a webhook with a body of this length may store."""
    return min(FREE + FACTOR * body, MOST)


@dataclass(slots=True)
class Budget:
    """Counts what a webhook stores and reads while its calls are made. `body` gives its body's length."""

    body: Callable[[], int]
    rule: str = ""
    """The rule that is being tried."""
    stored: int = 0
    looked_at: int = 0
    _limit: int = FREE

    def store(self, size: int) -> None:
        """Count bytes to store. Raises OverBudgetError beyond the limit."""
        self.stored += size
        if self.stored > self._limit:
            body = self.body()
            self._limit = allowance(body)
            if self.stored > self._limit:
                raise too_large(Reason(WebhookCode.BUDGET_OF_RULE, rule=self.rule), 0, body, self.rule)

    def look_at(self, values: int) -> None:
        """Count values read by rules. Raises OverBudgetError beyond the limit."""
        self.looked_at += values
        if self.looked_at > VALUES:
            reason = Reason(WebhookCode.BUDGET_LOOKED_AT, rule=self.rule, count=VALUES, call=CALL)
            raise OverBudgetError(reason, self.rule)


def size_of(value: Json) -> int:
    """The length of a value as stored, in bytes."""
    return text_size(to_json(value))


def text_size(text: str) -> int:
    """The length of a text as stored, in bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "backslashreplace"))


def _amount(size: int) -> Reason:
    if size < 10_000:
        return Reason(WebhookCode.SIZE_BYTES, count=size)
    if size < 10_000_000:
        return Reason(WebhookCode.SIZE_KILOBYTES, count=round(size / 1000))
    return Reason(WebhookCode.SIZE_MEGABYTES, count=round(size / 1_000_000))
