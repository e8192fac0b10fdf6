"""What happened, counted as it happens: small counters per stretch of time, in the transaction they count.

Nobody can count a million rows while somebody waits for a page. So every transaction that stores an event or
moves a call adds to counters of the stretch in which it happens: five minutes at first, later folded into
hours, quarters of days and days. The sums are exact. A counter has a kind, a source and, where that says
more, the name of a rule or an account:

- `event:RESULT`, source: events stored, by what the rules made of them as they came;
- `rule:matched` and `rule:failed`, source, rule: events that the rule matched as they came; where it failed,
  a value was missing;
- `call:STATE` of an end, source, account: calls that came to that end, by an answer or a person's word;
- `call:uncertain`, source, account: calls that became uncertain, whatever became of them since;
- `call:waiting`, source, account: calls that began to wait less those that ceased to, so that the sum of all
  time is how many wait: in any of the states queued, claimed, sending and waiting;
- `webhook:refused`, source: refusals that were kept.

A repeat of an event is not stored and so not counted. A replay counts its new calls, and that a rule matched
only as the time of its latest match: hits are never more than events. A webhook that is read again counts the
events that it turns out to hold. A resent call waits anew; one that is sent again is a call of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text

from bridge.model import FINAL, State
from bridge.store.db.bulk import AnyRow, insertion
from bridge.store.db.tables import tallies

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
STRETCH_MS: Final = 5 * MINUTE_MS
"""What one counter covers at first."""
COARSER: Final = (
    (2 * HOUR_MS, HOUR_MS),
    (30 * HOUR_MS, 6 * HOUR_MS),
    (8 * DAY_MS, DAY_MS),
)
"""From which age on a counter covers how much. Each chart finds all of its time in stretches no longer than
its own: an hour by five minutes, a day by hours, a week by six hours."""
KEPT_MS: Final = 90 * DAY_MS
WAITING: Final = "call:waiting"
EVENTS: Final = tuple(f"event:{one}" for one in ("matched", "unmatched", "failed", "unreadable", "ignored"))
RULES: Final = ("rule:matched", "rule:failed")
CALLS: Final = (WAITING, *(f"call:{state}" for state in (State.UNCERTAIN, *sorted(FINAL))))
WEBHOOKS: Final = ("webhook:refused",)
_WAIT: Final = frozenset({State.QUEUED, State.CLAIMED, State.SENDING})


class Key(NamedTuple):
    """What a counter counts, in the words of the table above."""

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
_FORGET = text("DELETE FROM tallies WHERE at < :before RETURNING kind, source, name, many, latest")


def add(connection: Connection, now: int, counts: Mapping[Key, int]) -> None:
    """Count this at `now`, unix milliseconds; nought notes only that it happened."""
    at, shard = now - now % STRETCH_MS, _shard(connection)
    rows = [(key.kind, at, key.source, key.name, shard, many, now) for key, many in counts.items()]
    _ADD.run(connection, rows)


def move(
    counts: Counts, before: State | None, after: State, source: str, account: str, many: int = 1
) -> None:
    """Count so many calls' step from one state to another; of new calls from None."""
    change = (after in _WAIT) - (before in _WAIT)
    if change:
        counts[Key(WAITING, source, account)] += change * many
    if after not in _WAIT:
        counts[Key(f"call:{after}", source, account)] += many


def add_moves(connection: Connection, now: int, rows: Iterable[AnyRow], after: State) -> None:
    """Count a step that these rows of `calls`, given as they were, have taken together."""
    counts: Counts = Counter()
    for row in rows:
        move(counts, State(row.state), after, row.source, row.account)
    add(connection, now, counts)


def fold(connection: Connection, now: int, most: int = 50) -> int:
    """Make older counters coarser, up to `most` of the new stretches; gives how many were made.

    Any number of processes may do so at once: each row is summed up by the one that deletes it.
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


def forget(connection: Connection, now: int, kept_ms: int = KEPT_MS) -> None:
    """Drop what was counted longer ago than that; how many calls wait stays, as one sum before all time."""
    rows = connection.execute(_FORGET, {"before": now - kept_ms}).all()
    _put(connection, WAITING, 0, [row for row in rows if row.kind == WAITING])


def _fold_one(connection: Connection, kind: str, at: int, width: int) -> None:
    asked = {"kind": kind, "since": at, "until": at + width, "width": width}
    _put(connection, kind, at, connection.execute(_TAKE, asked).all())


def _put(connection: Connection, kind: str, at: int, rows: Sequence[AnyRow]) -> None:
    """Add up rows into one for each source and name."""
    many: Counter[tuple[str, str]] = Counter()
    latest: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.source, row.name)
        many[key] += row.many
        latest[key] = max(latest.get(key, 0), row.latest)
    sums = [(kind, at, *key, 0, many[key], latest[key]) for key in sorted(many)]
    _ADD.run(connection, sums)


def _shard(connection: Connection) -> int:
    """A number that no other transaction under way has, so that none waits for another's commit."""
    if connection.dialect.name == "sqlite":
        return 0
    driver: Any = connection.connection.driver_connection
    return int(driver.info.backend_pid)
