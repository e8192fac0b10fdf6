"""Decisions about many events or calls: in batches of one transaction, while others go first in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, TypeVar

from bridge.store.db.engine import Store
from bridge.store.queue.due_calls import Transaction

T = TypeVar("T")

AT_ONCE = 10
"""Things in one transaction, some 30 ms of work: webhooks wait meanwhile where the database is embedded."""

Wake: TypeAlias = Callable[[], None]
"""Tells the dispatchers that there is something to do."""


def in_batches(
    store: Store, numbers: Sequence[int], decide: Callable[[Transaction, int, int], T]
) -> Iterator[list[T]]:
    """What `decide` gives for each, from a connection, the time and a number; a batch once it is on disk."""
    for start in range(0, len(numbers), AT_ONCE):
        with store.transaction() as connection:
            now = store.now(connection)
            decided = [decide(connection, now, number) for number in numbers[start : start + AT_ONCE]]
        yield decided
