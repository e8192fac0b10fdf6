"""What a run of faults did, told from outside: the senders' ledger, what the API ran, how the calls stand."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import pairwise
from typing import Any, Protocol

from bridge.store.db.engine import Store, open_store
from tests.faults.amounts import SHORT
from tests.faults.load import Load
from tests.faults.site import BURST, RATE
from tests.store.given import rows
from tests.support.leases import lapse
from tests.support.waiting import eventually

LIVE = ("queued", "claimed", "sending", "waiting")
HOLDS_MS = 600_000
LATE_MS = 300.0
"""By how much a busy machine may bring a request to the API before or after its pace's moment."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result line of a run. All but the first and the last must be 0."""

    acknowledged: int
    lost: int
    """Acknowledged, and not there, or said to be done and never run."""
    repeated: int
    """Runs without a cause above one."""
    unasked: int
    """Runs of calls that ended as refused, exhausted, expired or cancelled."""
    out_of_order: int
    over_pace: int
    stuck: int
    uncertain: int

    def __str__(self) -> str:
        return ", ".join(f"{one.name.replace('_', ' ')} {getattr(self, one.name)}" for one in fields(self))

    @property
    def kept(self) -> bool:
        """Whether every promise was."""
        bad = (self.lost, self.repeated, self.unasked, self.out_of_order, self.over_pace, self.stuck)
        return not any(bad)


class Api(Protocol):
    """Whatever can tell what LeadConverter got."""

    def calls(self) -> list[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Told:
    """One call as the store has it."""

    order: str
    state: str
    resends: int
    doubted: bool
    held_out: bool
    """It was retried for longer than `order: relaxed` lets it hold its buyer's later orders."""


def settled(url: str, load: Load, api: Api) -> Verdict:
    """The verdict once nothing moves any more, or a minute and a half have passed at the account's full pace.

    After many a 429 that pace is back within four minutes. In the short form the leases of the dead are aged
    by a minute instead of waited for.
    """
    store = open_store(url)
    live = f"SELECT count(*) FROM calls WHERE state IN {LIVE}"
    if SHORT and not eventually(lambda: rows(store, live) == [(0,)], seconds=3, every=0.1):
        lapse(store)
    due = rows(store, "SELECT max(due_at) FROM calls WHERE state = 'queued'")[0][0] or 0
    full_pace = rows(store, "SELECT max(slow) FROM accounts")[0][0] or 0
    patience = 90 + max(0.0, max(due, full_pace) / 1000 - time.time())
    eventually(lambda: rows(store, live) == [(0,)], seconds=patience, every=0.1)
    verdict = judge(store, load.acknowledged, api.calls())
    store.close()
    return verdict


def told(store: Store) -> list[Told]:
    """Every call with the order that it is for."""
    found = rows(
        store,
        "SELECT e.key, c.state, c.resends, c.had_uncertain, c.settled_at - "
        "(SELECT min(a.started_at) FROM attempts a WHERE a.call_id = c.id) "
        "FROM calls c JOIN events e ON e.id = c.event_id",
    )
    return [
        Told(key, state, resends, bool(doubted), (tried or 0) >= HOLDS_MS)
        for key, state, resends, doubted, tried in found
    ]


def judge(store: Store, acknowledged: Iterable[str], api: Sequence[dict[str, Any]]) -> Verdict:
    """The verdict on everything that the store and the API have seen. `api` is what `GET /calls` shows."""
    calls = told(store)
    runs = Counter(call["variables"]["order"] for call in api if call["ran"])
    known = {one.order for one in calls}
    sure = [one for one in calls if not one.doubted]
    never = [one for one in sure if one.state == "done" and not runs[one.order]]
    acked = set(acknowledged)
    ended = ("refused", "exhausted", "expired", "cancelled")
    return Verdict(
        acknowledged=len(acked),
        lost=len(acked - known) + len(never),
        repeated=sum(max(0, runs[one.order] - 1 - one.resends) for one in calls)
        + sum(runs[order] for order in runs.keys() - known),
        unasked=sum(runs[one.order] for one in sure if one.state in ended),
        out_of_order=out_of_order(api, {one.order for one in sure if not one.held_out}),
        over_pace=over_pace(api),
        stuck=sum(one.state in LIVE for one in calls),
        uncertain=sum(one.state == "uncertain" for one in calls),
    )


def out_of_order(api: Iterable[dict[str, Any]], sure: set[str]) -> int:
    """Runs that came before an earlier order of the same buyer; only `sure` orders have a place to keep."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for call in api:
        order = call["variables"]["order"]
        if call["ran"] and order in sure:
            buyer, _, number = order.partition("-")
            numbers[buyer].append(int(number))
    return sum(after < before for lane in numbers.values() for before, after in pairwise(lane))


def over_pace(api: Iterable[dict[str, Any]], rate: float = RATE, burst: int = BURST) -> int:
    """Requests before the moment that the account's pace gives them, a busy machine's delay allowed for."""
    arrival, early = 0.0, 0
    interval = 1000 / rate
    for moment in sorted(datetime.fromisoformat(call["at"]).timestamp() * 1000 for call in api):
        early += moment < arrival - burst * interval - LATE_MS
        arrival = max(arrival, moment) + interval
    return early
