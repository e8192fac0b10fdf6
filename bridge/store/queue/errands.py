"""Adds calls of errands, and cancels errands: what waits under a key is kept, replaced or ended.

Every transaction that starts or cancels errands locks their rows first, in the order of account and key. Then
it reads those open calls that matter, works out in memory what its starts and cancellations mean in their
order, and writes that. So any two transactions with a common errand happen one after the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from bridge.model import Application, Errand, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import to_text
from bridge.store.db.bulk import insertion, update
from bridge.store.db.driver import AnyRow
from bridge.store.db.ids import take_ids
from bridge.store.db.tables import calls, cancellations, errands
from bridge.store.db.texts import document_text, plain
from bridge.store.queue import recipient_order
from bridge.store.queue.calls import insert, ran_before
from bridge.store.queue.calls import put as put_calls
from bridge.store.queue.effects import Effect
from bridge.store.queue.errand_rows import (
    Change,
    ErrandKey,
    Mark,
    NewCancellation,
    key_of,
    keys_of,
    lock,
    mark_of,
    open_calls,
)
from bridge.store.queue.rows import Beginning, NewCall, beginning, begins_at, start_of
from bridge.store.reports import counters
from bridge.store.reports.counters import Counts

PENDING: Final = frozenset({State.WAITING, State.QUEUED, State.CLAIMED})
"""The states in which a call can be replaced, or ended by a cancellation."""
_END = update(
    calls,
    "state = 'cancelled', reason = ?, settled_at = ?, owner = '', lease_until = 0, held_by = 0, "
    "held_until = 0",
    "id = ? AND state IN ('waiting', 'queued', 'claimed')",
    *("text", "bigint", "bigint"),
)
_KEEP_FROM_RETRY = update(
    calls,
    "cancelled_by = ?",
    "id = ? AND state IN ('sending', 'uncertain') AND cancelled_by = 0",
    *("bigint", "bigint"),
)
_MARK = update(
    errands,
    "mark_until = ?, mark_event = ?, shadow_until = ?, shadow_event = ?",
    "account = ? AND key = ?",
    *("bigint", "bigint", "bigint", "bigint", "text", "text"),
)
_RECORD = insertion(cancellations)


@dataclass(slots=True)
class _Open:
    """A call of an errand that has not ended; `row` is None for a new one."""

    id: int
    state: State
    rule: tuple[str, str]
    """Source and rule."""
    shadow: bool
    put_off_until: int
    row: AnyRow | None = None


def in_order(event_id: int, made: Application, new_calls: Sequence[NewCall | None]) -> list[Change]:
    """The calls and cancellations of an event in the order of its rules; `new_calls` has one per start."""
    cancels: defaultdict[int, list[Change]] = defaultdict(list)
    for one in made.cancels:
        cancels[one.place].append(NewCancellation(event_id, one))
    found: list[Change] = []
    for place, new in enumerate(new_calls):
        found += cancels[place]
        if new:
            found.append(new)
    return found + cancels[len(new_calls)]


def put(connection: Connection, now: int, changes: Sequence[Change], counts: Counts) -> list[int]:
    """Add calls and cancel errands, in this order; adds to `counts`, returns the ids of the calls."""
    new_calls = [one for one in changes if isinstance(one, NewCall)]
    if len(new_calls) == len(changes) and not any(one.start.errand for one in new_calls):
        return put_calls(connection, now, new_calls, counts)
    ids = take_ids(connection, "calls", len(new_calls))
    work = Errands(connection, now, changes)
    numbers = iter(ids)
    for one in changes:
        if isinstance(one, NewCall):
            work.start(next(numbers), one)
        else:
            work.cancel(one)
    insert(connection, now, ids, new_calls, [work.begin[number] for number in ids], counts)
    work.write(connection, counts)
    return ids


class Errands:
    """The errands that one transaction starts or cancels, locked; all is written at the end."""

    def __init__(self, connection: Connection, now: int, changes: Sequence[Change]) -> None:
        self.now = now
        self.begin: dict[int, Beginning] = {}
        """How each new call begins, by id."""
        self.ended: dict[int, tuple[AnyRow, Reason]] = {}
        self.disowned: dict[int, int] = {}
        """The cancelling events of calls that are being sent or uncertain."""
        self.records: list[tuple[Any, ...]] = []
        self.marked: set[ErrandKey] = set()
        keys = keys_of(changes)
        self.marks: dict[tuple[ErrandKey, bool], Mark] = {}
        for row in lock(connection, keys):
            for shadow in (False, True):
                self.marks[(row.account, row.key), shadow] = mark_of(row, shadow=shadow)
        self.open: dict[ErrandKey, list[_Open]] = {key: [] for key in keys}
        """The calls of these errands that have not ended, as far as these changes concern them."""
        for row in open_calls(connection, changes):
            rule, shadow = (row.source, row.rule), start_of(row).shadow
            call = _Open(row.id, State(row.state), rule, shadow, row.put_off_until, row)
            self.open[row.account, row.errand].append(call)

    def start(self, number: int, new: NewCall) -> None:
        """A new call: what it means for the earlier ones, and how it begins."""
        usual, errand = beginning(new, self.now), new.start.errand
        self.begin[number] = self._of_errand(number, new, errand, usual) if errand else usual

    def cancel(self, new: NewCancellation) -> None:
        """A cancellation: ends what waits, and marks the errand if it is to last."""
        one = new.cancellation
        key = key_of(one)
        effects = [
            (call.id, effect)
            for call in self.open[key]
            if call.shadow == one.shadow and (effect := self._cancelled(call, new.event_id))
        ]
        mark = Mark(self.now + one.lasts * 1000, new.event_id)
        if one.lasts and mark.until > self.marks[key, one.shadow].until:
            self.marks[key, one.shadow] = mark
            self.marked.add(key)
        identity = (new.event_id, plain(one.rule), one.item, *key, one.lasts, one.place, one.shadow)
        self.records.append((*identity, self.now, document_text(effects)))

    def write(self, connection: Connection, counts: Counts) -> None:
        """Write everything but the new calls."""
        for row, why in self.ended.values():
            counters.move(counts, State(row.state), State.CANCELLED, row.source, row.account)
            counters.cancelled(counts, why.code, row.source, row.account)
        _END.run(connection, [(to_text(why), self.now, row.id) for row, why in self.ended.values()])
        _KEEP_FROM_RETRY.run(connection, [(event_id, number) for number, event_id in self.disowned.items()])
        marked = [(*self.marks[key, False], *self.marks[key, True], *key) for key in sorted(self.marked)]
        _MARK.run(connection, marked)
        numbers = take_ids(connection, "cancellations", len(self.records))
        _RECORD.run(connection, [(number, *rest) for number, rest in zip(numbers, self.records, strict=True)])
        moved = [row for row, _ in self.ended.values() if row.state != State.WAITING]
        recipient_order.release_next(connection, [(row.account, row.recipient) for row in moved])

    def _of_errand(self, number: int, new: NewCall, errand: Errand, usual: Beginning) -> Beginning:
        key, rule, shadow = key_of(new.start), (new.source, plain(new.start.rule)), new.start.shadow
        mark = self.marks[key, shadow]
        if mark.until > self.now and not new.past_mark:
            return Beginning(
                State.CANCELLED, usual.due_at, Reason(CallCode.CANCELLED_BEFORE, event=mark.event_id)
            )
        earlier = [
            one for one in self.open[key] if (one.rule, one.shadow) == (rule, shadow) and one.state in PENDING
        ]
        newer = [one for one in earlier if new.replayed and one.row and one.row.event_id > new.event_id]
        if newer or (earlier and errand.again == "keep"):
            first = (newer or earlier)[0].id
            return Beginning(State.CANCELLED, usual.due_at, Reason(CallCode.WAITS_ALREADY, call=first))
        limit = (new.start.due_at or self.now) + errand.at_most * 1000
        if earlier and errand.again == "replace":
            limit = min(one.put_off_until for one in earlier)
            for one in earlier:
                self._end(one, Reason(CallCode.REPLACED, call=number, doubt=ran_before(one.row)))
        if usual.state is State.WAITING and usual.due_at > limit:
            usual = begins_at(limit, self.now, shadow=shadow)
        if usual.state is not State.CANCELLED:
            self.open[key].append(_Open(number, usual.state, rule, shadow, limit))
        return usual._replace(put_off_until=limit)

    def _cancelled(self, call: _Open, event_id: int) -> Effect | None:
        """What a cancellation does to an open call; None if an earlier one did it."""
        if call.state in PENDING:
            self._end(call, Reason(CallCode.CANCELLED_BY_EVENT, event=event_id, doubt=ran_before(call.row)))
            return Effect.CANCELLED
        if call.state is State.SENDING:
            self.disowned.setdefault(call.id, event_id)
            return Effect.TOO_LATE
        known = call.id in self.disowned or (call.row and call.row.cancelled_by)
        if call.state is not State.UNCERTAIN or known:
            return None
        self.disowned[call.id] = event_id
        return Effect.NOT_RESENT

    def _end(self, call: _Open, why: Reason) -> None:
        if call.row is None:
            self.begin[call.id] = self.begin[call.id]._replace(state=State.CANCELLED, reason=why)
        else:
            self.ended[call.id] = (call.row, why)
        call.state = State.CANCELLED
