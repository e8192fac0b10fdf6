"""One decision about all calls that fit a filter: which, how many, and the doing."""

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
    """What became of one call."""

    call: int
    refused: Reason | None = None
    """Why it was left as it is: it has moved on since it was counted."""


def calls_that_fit(store: Store, wanted: CallFilter, resolution: Resolution) -> list[int]:
    """The numbers of all calls that fit and are in a state for it, oldest first."""
    narrowed = those_in_state(wanted, resolution)
    numbers: list[int] = []
    if narrowed:
        for found in ids_of_calls(store, narrowed):
            numbers += found
    return numbers


def those_in_state(wanted: CallFilter, resolution: Resolution) -> CallFilter | None:
    """The filter for those of its calls that are in a state for the resolution; None where none can be."""
    states = tuple(state for state in FITTING[resolution] if not wanted.states or state in wanted.states)
    return replace(wanted, states=states) if states else None


def decide_all(
    store: Store, numbers: Sequence[int], resolution: Resolution, by: Decider, wake: Wake
) -> Iterator[Decided]:
    """Settle each that still can be; told once it is on disk and the dispatchers were woken.

    Whoever stops in between leaves the rest as it is.
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
