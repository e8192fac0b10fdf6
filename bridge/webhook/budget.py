"""What one webhook may make the bridge store: a bound on the product of its items, rules and values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.errors import DocumentError
from bridge.language.numbers import to_json
from bridge.model import Json

FREE = 256 * 1024
"""Bytes that any webhook may store."""
FACTOR = 8
"""Bytes that it may store for each byte of its body."""
MOST = 8 * 1024 * 1024
"""Bytes that no webhook goes beyond."""
EVENT_ROW = 400
"""Bytes that an event takes without its document and what the rules made of it."""
CALL_ROW = 600
"""Bytes that a call takes without its variables and names."""
FAILURE = 60
"""Bytes that a failure takes without its message."""


class OverBudgetError(DocumentError):
    """The events and calls of a webhook would take too much room; `size` 0 where they were not counted."""

    def __init__(self, what: str, size: int, body: int, rule: str = "") -> None:
        self.rule = rule
        super().__init__(
            f"{what} would store {_amount(size) if size else 'more'}, "
            f"a webhook of {_amount(body)} may store {_amount(allowance(body))}",
            "make its rules or `split` produce less, then replay it",
        )


def allowance(body: int) -> int:
    """How many bytes a webhook with a body of so many bytes may store."""
    return min(FREE + FACTOR * body, MOST)


@dataclass(slots=True)
class Budget:
    """What a webhook may store while its calls are made. `body` gives the length of its body."""

    body: Callable[[], int]
    spent: int = 0
    _limit: int = FREE

    def spend(self, size: int, rule: str) -> None:
        """Raises OverBudgetError as soon as the calls of this rule no longer fit."""
        self.spent += size
        if self.spent > self._limit:
            body = self.body()
            self._limit = allowance(body)
            if self.spent > self._limit:
                raise OverBudgetError(f'rule "{rule}"', 0, body, rule)


def size_of(value: Json) -> int:
    """The bytes of a value as stored."""
    text = to_json(value)
    return len(text) if text.isascii() else len(text.encode("utf-8", "backslashreplace"))


def _amount(size: int) -> str:
    if size < 10_000:
        return f"{size:,} bytes"
    return f"{size / 1000:,.0f} KB" if size < 10_000_000 else f"{size / 1_000_000:,.0f} MB"
