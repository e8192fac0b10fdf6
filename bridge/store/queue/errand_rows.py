"""Reads what changes of errands concern: their rows with marks, which it locks, and their open calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from sqlalchemy import Connection

from bridge.model import Again, BotStart, Cancellation
from bridge.store.db.bulk import AllRows
from bridge.store.db.dialects import Statement
from bridge.store.db.driver import AnyRow
from bridge.store.db.texts import plain
from bridge.store.queue.rows import NewCall, shadow_text

_FIELDS: Final = (
    *("id", "event_id", "source", "rule", "item", "account", "recipient", "request"),
    *("order_mode", "on_uncertain", "state", "had_uncertain", "errand", "put_off_until", "cancelled_by"),
)
_LOCK = AllRows(
    "INSERT INTO errands AS e (account, key, mark_until, mark_event, shadow_until, shadow_event) {rows} "
    "ON CONFLICT (account, key) DO UPDATE SET mark_until = e.mark_until "
    "RETURNING account, key, mark_until, mark_event, shadow_until, shadow_event",
    *("text", "text", "bigint", "bigint", "bigint", "bigint"),
)
_ALL, _OF_RULE, _FIRST = "all", "rule", "first"
_INDEXED = "c.errand <> '' AND c.state IN ('waiting', 'queued', 'claimed', 'sending', 'uncertain')"
_ITS_KEY = "c.account = w.account AND c.errand = w.errand"
_ITS_RULE = f"{_ITS_KEY} AND c.source = w.source AND c.rule = w.rule AND c.request LIKE w.shadow"
_PENDING = f"{_INDEXED} AND c.state IN ('waiting', 'queued', 'claimed')"
_WANTED = AllRows(
    f"""
WITH wanted (account, errand, source, rule, shadow, which) AS ({{rows}})
SELECT c.id FROM wanted w JOIN calls c <calls_by_errand> ON {_ITS_KEY}
WHERE w.which = '{_ALL}' AND {_INDEXED}
UNION
SELECT c.id FROM wanted w JOIN calls c <calls_by_errand> ON {_ITS_RULE}
WHERE w.which = '{_OF_RULE}' AND {_PENDING}
UNION
SELECT (SELECT c.id FROM calls c <calls_by_errand> WHERE {_ITS_RULE} AND {_PENDING} ORDER BY c.id LIMIT 1)
FROM wanted w WHERE w.which = '{_FIRST}'
""",  # noqa: S608 (our own words)
    *("text", "text", "text", "text", "text", "text"),
)
_OPEN = Statement(
    "SELECT <columns> FROM calls WHERE id IN :ids "
    "AND state IN ('waiting', 'queued', 'claimed', 'sending', 'uncertain') ORDER BY id <lock>",
    columns=_FIELDS,
)
_EVENTS = Statement("SELECT id, event_id FROM calls WHERE id IN :ids")
_MARKS = AllRows(
    "SELECT account, key, mark_until, mark_event, shadow_until, shadow_event FROM errands "
    "WHERE (account, key) IN ({rows})",
    *("text", "text"),
)

ErrandKey: TypeAlias = tuple[str, str]
"""Account and key."""


class Mark(NamedTuple):
    """Until when new calls of an errand are cancelled, and by which event."""

    until: int = 0
    event_id: int = 0


@dataclass(frozen=True, slots=True)
class NewCancellation:
    """A cancellation of an event that is to be carried out."""

    event_id: int
    cancellation: Cancellation


Change: TypeAlias = NewCall | NewCancellation


def lock(connection: Connection, keys: Sequence[ErrandKey]) -> list[AnyRow]:
    """The rows of these errands, created where they are missing, and locked in this order."""
    return _LOCK.run(connection, [(*key, 0, 0, 0, 0) for key in keys])


def open_calls(connection: Connection, changes: Sequence[Change]) -> Sequence[AnyRow]:
    """The calls that have not ended and that these changes concern, locked in the order of their ids."""
    ids = [row.id for row in _WANTED.run(connection, _wanted(changes)) if row.id]
    return _OPEN.run(connection, ids=ids) if ids else ()


def marks(connection: Connection, now: int, starts: Sequence[BotStart]) -> dict[int, int]:
    """The events that have cancelled the errands of these starts until later, by the place of the start."""
    places = [(place, start) for place, start in enumerate(starts) if start.errand]
    keys = sorted({key_of(start) for _, start in places})
    rows = {(row.account, row.key): row for row in _MARKS.run(connection, keys)}
    found = {}
    for place, start in places:
        row = rows.get(key_of(start))
        if row and (mark := mark_of(row, shadow=start.shadow)).until > now:
            found[place] = mark.event_id
    return found


def waiting(connection: Connection, source: str, start: BotStart) -> AnyRow | None:
    """The latest call of the start's rule and errand that waits or is queued; None if there is none."""
    wanted = (*key_of(start), source, plain(start.rule), f"%{shadow_text(start)}%", _OF_RULE)
    ids = [row.id for row in _WANTED.run(connection, [wanted])]
    found = _EVENTS.run(connection, ids=ids) if ids else ()
    return max(found, key=lambda one: (one.event_id, one.id), default=None)


def key_of(one: BotStart | Cancellation) -> ErrandKey:
    """The errand of a cancellation, or of a start that has one."""
    key = one.key if isinstance(one, Cancellation) else one.errand.key if one.errand else ""
    return one.account, plain(key)


def keys_of(changes: Sequence[Change]) -> list[ErrandKey]:
    """The errands that are started or cancelled, in the order in which they are locked."""
    starts = {key_of(one.start) for one in changes if isinstance(one, NewCall) and one.start.errand}
    return sorted(starts | _cancelled(changes))


def mark_of(row: AnyRow, *, shadow: bool) -> Mark:
    """The mark of an errand's row, for live calls or for shadow calls."""
    return Mark(row.shadow_until, row.shadow_event) if shadow else Mark(row.mark_until, row.mark_event)


def _cancelled(changes: Sequence[Change]) -> set[ErrandKey]:
    return {key_of(one.cancellation) for one in changes if isinstance(one, NewCancellation)}


def _wanted(changes: Sequence[Change]) -> list[tuple[str, ...]]:
    """The calls that matter, as rows of `_WANTED`: there may be any number of others.

    A cancellation concerns all calls of its errand. Of the earlier calls of its rule, a start replaces all or
    is kept back by the first; one that is only added needs none.
    """
    ended = _cancelled(changes)
    rules: dict[tuple[str, ...], set[Again]] = defaultdict(set)
    for one in changes:
        if isinstance(one, NewCall) and one.start.errand and key_of(one.start) not in ended:
            shadow = f"%{shadow_text(one.start)}%"
            rules[*key_of(one.start), one.source, plain(one.start.rule), shadow].add(one.start.errand.again)
    wanted = [
        (*key, _OF_RULE if "replace" in asked else _FIRST) for key, asked in rules.items() if asked != {"add"}
    ]
    return sorted([(*key, "", "", "", _ALL) for key in ended] + wanted)
