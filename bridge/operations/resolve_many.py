"""Selects all calls that match a filter, and settles them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bridge.errors import BridgeError
from bridge.operations.batches import Wake, in_batches
from bridge.operations.resolve import FITTING, Resolution, settle
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store
from bridge.store.queue.decisions import Decider
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports.call_views import CallFilter, ids_of_calls


@dataclass(frozen=True, slots=True)
class Decided:
    """The result for one call."""

    call: int
    refused: Reason | None = None
    """Why it was not changed: its state is another one by now."""


def calls_that_fit(store: Store, wanted: CallFilter, resolution: Resolution) -> list[int]:
    """The numbers of all calls that match the filter and can be settled so, oldest first."""
    narrowed = those_in_state(wanted, resolution)
    numbers: list[int] = []
    if narrowed:
        for found in ids_of_calls(store, narrowed):
            numbers += found
    return numbers


def those_in_state(wanted: CallFilter, resolution: Resolution) -> CallFilter | None:
    """The filter limited to states that allow the resolution; None if there is none."""
    states = tuple(state for state in FITTING[resolution] if not wanted.states or state in wanted.states)
    return replace(wanted, states=states) if states else None


def decide_all(
    store: Store, numbers: Sequence[int], resolution: Resolution, by: Decider, wake: Wake
) -> Iterator[Decided]:
    """Settle each call. Results are yielded after the commit, when the dispatchers are notified.

    If the caller stops iterating, the remaining calls are not changed.
    """

    def decide(connection: Transaction, now: int, number: int) -> Decided:
        try:
            settle(connection, now, number, resolution, by)
        except BridgeError as error:
            return Decided(number, error.reason)
        return Decided(number)

    for batch in in_batches(store, numbers, decide):
        if not all(one.refused for one in batch):
            wake()
        yield from batch
