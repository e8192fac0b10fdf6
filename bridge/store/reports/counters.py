"""Counters per period of time, updated in the transaction that stores what they count.

To count a million rows for a page would take too long. So every transaction that stores an event or changes a
call's state adds to the counters of the current period: five minutes at first, later merged into hours, six
hours and days. The sums are exact. A counter has a kind, a source and, if useful, the name of a rule or an
account:

- `event:RESULT`, source: stored events, by the result at reception;
- `rule:matched` and `rule:failed`, source, rule: events that the rule matched at reception; if it failed, a
  value was missing;
- `call:STATE` for final states, source, account: calls that reached the state, by an answer or a decision;
- `call:uncertain`, source, account: calls that became uncertain, also if they were settled since;
- `call:waiting`, source, account: calls that became live minus those that stopped, so that the sum over all
  time is how many are live: in any of the states queued, claimed and sending. The name is older than the
  state `waiting`, and stays: processes of both versions may count at once;
- `call:later`, source, account: in the same way, calls that wait until they are due;
- `cancelled:CAUSE`, source, account: calls that were cancelled because of their errand or due time; each is
  in `call:cancelled`, too;
- `webhook:refused`, source: refusals that were kept.

A repeat of an event is not counted. A replay counts its new calls; for a rule that matched, it updates only
the time of the latest match, so that hits are never more than events. A webhook that is read again counts its
events. A resent call is live again; a call that is sent again is a new call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text

from bridge.model import FINAL, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Code
from bridge.store.db.bulk import insertion
from bridge.store.db.driver import AnyRow
from bridge.store.db.tables import tallies

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
PERIOD_MS: Final = 5 * MINUTE_MS
"""The period of a new counter."""
COARSER: Final = (
    (2 * HOUR_MS, HOUR_MS),
    (30 * HOUR_MS, 6 * HOUR_MS),
    (8 * DAY_MS, DAY_MS),
)
"""Ages, and the periods into which older counters are merged. Each chart finds periods no longer than its
own: an hour by five minutes, a day by hours, a week by six hours."""
KEPT_MS: Final = 90 * DAY_MS
LIVE: Final = "call:waiting"
WAITING: Final = "call:later"
_SUMS: Final = (LIVE, WAITING)
"""Counters whose sum over all time is a number of calls."""
EVENTS: Final = tuple(f"event:{one}" for one in ("matched", "unmatched", "failed", "unreadable", "ignored"))
RULES: Final = ("rule:matched", "rule:failed")
CALLS: Final = (LIVE, WAITING, *(f"call:{state}" for state in (State.UNCERTAIN, *sorted(FINAL))))
CANCELLED: Final[Mapping[Code, str]] = {
    CallCode.CANCELLED_BY_EVENT: "cancelled:event",
    CallCode.CANCELLED_BEFORE: "cancelled:mark",
    CallCode.REPLACED: "cancelled:replaced",
    CallCode.WAITS_ALREADY: "cancelled:kept",
    CallCode.SKIPPED: "cancelled:late",
}
"""The counters of cancelled calls, by the code of their reason."""
WEBHOOKS: Final = ("webhook:refused",)
_SUM_OF: Final[Mapping[State, str]] = {
    **dict.fromkeys((State.QUEUED, State.CLAIMED, State.SENDING), LIVE),
    State.WAITING: WAITING,
}


class Key(NamedTuple):
    """Identifies a counter; see the list above."""

    kind: str
    source: str
    name: str = ""


Counts = Counter[Key]

_ADD = insertion(
    tallies,
    "ON CONFLICT (kind, at, source, name, shard) DO UPDATE SET many = t.many + excluded.many, "
    "latest = CASE WHEN excluded.latest > t.latest THEN excluded.latest ELSE t.latest END",
)
_FINE = text("""
SELECT DISTINCT kind, at - at % :width AS at FROM tallies
WHERE at >= :since AND at < :until AND (shard <> 0 OR at % :width <> 0)
ORDER BY 1, 2 LIMIT :most
""")
_TAKE = text("""
DELETE FROM tallies
WHERE kind = :kind AND at >= :since AND at < :until AND (shard <> 0 OR at % :width <> 0)
RETURNING source, name, many, latest
""")
_DELETE_OLD = text("DELETE FROM tallies WHERE at < :before RETURNING kind, source, name, many, latest")


def add(connection: Connection, now: int, counts: Mapping[Key, int]) -> None:
    """Add to counters at `now`, unix milliseconds; 0 updates only the time of the latest."""
    at, shard = now - now % PERIOD_MS, _shard(connection)
    rows = [(key.kind, at, key.source, key.name, shard, many, now) for key, many in counts.items()]
    _ADD.run(connection, rows)


def move(
    counts: Counts, before: State | None, after: State, source: str, account: str, many: int = 1
) -> None:
    """Count calls that change from one state to another; None for new calls."""
    left, entered = _SUM_OF.get(before) if before else None, _SUM_OF.get(after)
    if entered and entered == left:
        return
    if left:
        counts[Key(left, source, account)] -= many
    counts[Key(entered or f"call:{after}", source, account)] += many


def cancelled(counts: Counts, code: Code | None, source: str, account: str, many: int = 1) -> None:
    """Count calls that ended for this reason, if it is one of `CANCELLED`."""
    if code is not None and code in CANCELLED:
        counts[Key(CANCELLED[code], source, account)] += many


def add_moves(connection: Connection, now: int, rows: Iterable[AnyRow], after: State) -> None:
    """Count the change of these rows of `calls`, given with their previous state, to another state."""
    counts: Counts = Counter()
    for row in rows:
        move(counts, State(row.state), after, row.source, row.account)
    add(connection, now, counts)


def fold(connection: Connection, now: int, most: int = 50) -> int:
    """Merge older counters into longer periods, at most `most` of them; returns how many were made.

    Any number of processes may do so at once: the one that deletes a row adds it to the sum.
    """
    made, since = 0, 0
    for age, width in reversed(COARSER):
        until = (now - age) // width * width
        asked = {"since": since, "until": until, "width": width, "most": most - made}
        fine = connection.execute(_FINE, asked).all()
        for row in fine:
            _fold_one(connection, row.kind, row.at, width)
        made += len(fine)
        since = until
    return made


def delete_old(connection: Connection, now: int) -> None:
    """Delete counters older than `KEPT_MS`; those that are sums are merged into one at time 0."""
    rows = connection.execute(_DELETE_OLD, {"before": now - KEPT_MS}).all()
    for kind in _SUMS:
        _put(connection, kind, 0, [row for row in rows if row.kind == kind])


def _fold_one(connection: Connection, kind: str, at: int, width: int) -> None:
    asked = {"kind": kind, "since": at, "until": at + width, "width": width}
    _put(connection, kind, at, connection.execute(_TAKE, asked).all())


def _put(connection: Connection, kind: str, at: int, rows: Sequence[AnyRow]) -> None:
    """Store one counter per source and name, with the sum of the rows."""
    many: Counter[tuple[str, str]] = Counter()
    latest: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.source, row.name)
        many[key] += row.many
        latest[key] = max(latest.get(key, 0), row.latest)
    sums = [(kind, at, *key, 0, many[key], latest[key]) for key in sorted(many)]
    _ADD.run(connection, sums)


def _shard(connection: Connection) -> int:
    """A number that no concurrent transaction has, so that none waits for another's commit."""
    if connection.dialect.name == "sqlite":
        return 0
    driver: Any = connection.connection.driver_connection
    return int(driver.info.backend_pid)
