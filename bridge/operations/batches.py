"""Runs decisions about many events or calls in batches, one transaction each.

Other transactions can run between two batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, TypeVar

from bridge.store.db.engine import Store
from bridge.store.queue.due_calls import Transaction

T = TypeVar("T")

AT_ONCE = 10
"""Decisions in one transaction, about 30 ms of work. With SQLite, webhooks wait during that time."""

Wake: TypeAlias = Callable[[], None]
"""Notifies the dispatchers that there is work."""


def in_batches(
    store: Store, numbers: Sequence[int], decide: Callable[[Transaction, int, int], T]
) -> Iterator[list[T]]:
    """Call `decide` with a connection, the time and each number. Yields the results of committed batches."""
    for start in range(0, len(numbers), AT_ONCE):
        with store.transaction() as connection:
            now = store.now(connection)
            decided = [decide(connection, now, number) for number in numbers[start : start + AT_ONCE]]
        yield decided
