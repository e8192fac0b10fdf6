"""Selects many events, plans their replay and replays them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bridge.operations.batches import AT_ONCE, Wake, in_batches
from bridge.operations.replay import Replay, Replayer
from bridge.store.db.engine import Store
from bridge.store.reports.event_views import EventFilter, ids_of_events


def events_that_fit(store: Store, wanted: EventFilter) -> list[int]:
    """The numbers of all events that match the filter, oldest first."""
    numbers: list[int] = []
    for found in ids_of_events(store, wanted):
        numbers += found
    return numbers


def plan_all(store: Store, replayer: Replayer, numbers: Sequence[int]) -> Iterator[Replay]:
    """Plan the replay of each event; changes nothing."""
    for start in range(0, len(numbers), AT_ONCE):
        with store.read() as connection:
            now = store.now(connection)
            found = [replayer.plan(connection, now, number) for number in numbers[start : start + AT_ONCE]]
        yield from found


def replay_all(store: Store, replayer: Replayer, numbers: Sequence[int], wake: Wake) -> Iterator[Replay]:
    """Replay each event. A result is yielded after the commit, when the dispatchers are notified."""
    for batch in in_batches(store, numbers, replayer.replay):
        if any(one.calls for one in batch):
            wake()
        yield from batch
