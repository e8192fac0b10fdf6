"""The simulation can fail: each of these deliberate faults in the code is caught within a few histories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection

from bridge.dispatch import round as rounds
from bridge.dispatch.calls_in_flight import CallsInFlight, Ended, Job
from bridge.dispatch.http import client
from bridge.dispatch.http.exchange import Exchange
from bridge.dispatch.http.probe import Probe
from bridge.dispatch.policy import breaker, outcome, pace, retry
from bridge.dispatch.policy.outcome import Shown
from bridge.dispatch.round import Rounds
from bridge.model import Account, Attempt, Call, Outcome, State
from bridge.store.db import bulk
from bridge.store.db.dialects import Statement
from bridge.store.db.tables import FOR_EVER
from bridge.store.db.writer import Writer
from bridge.store.inbox import known_events
from bridge.store.queue import (
    calls,
    claims,
    decisions,
    errand_rows,
    errands,
    recipient_order,
    release,
    rows,
    sweep,
)
from bridge.store.queue.accounts import AccountState
from bridge.store.queue.calls import Settlement
from bridge.store.queue.errand_rows import Change, Mark, NewCancellation
from bridge.store.queue.errands import Errands
from bridge.store.queue.rows import Beginning, NewCall
from bridge.store.reports.counters import Counts
from tests.simulation.history import Failure
from tests.simulation.memory import Memory
from tests.simulation.test_simulation import play_some
from tests.simulation.world import START_MS

Patch = pytest.MonkeyPatch
Mutation = Callable[[Patch], None]
MUTATIONS: dict[Mutation, int] = {}
HISTORIES = 200
"""Within so many each fault must have been caught."""


def mutation(seed: int) -> Callable[[Mutation], Mutation]:
    """`seed`: of the history that caught it when last looked; it is played first, to save time."""

    def kept(made: Mutation) -> Mutation:
        MUTATIONS[made] = seed
        return made

    return kept


def changed(statement: Statement, part: str, into: str) -> Statement:
    """The statement with a part of its text replaced."""
    assert part in statement.sql
    return Statement(statement.sql.replace(part, into))


@mutation(seed=0)
def calls_are_sent_before_they_are_marked(patch: Patch) -> None:
    patch.setattr(claims, "_TAKE", changed(claims._TAKE, "state = 'sending'", "state = 'queued'"))


@mutation(seed=36)
def an_attempts_end_is_taken_from_anybody(patch: Patch) -> None:
    def applicable(one: Settlement, row: Any) -> Settlement | None:
        return one if row.state in ("sending", "uncertain") else None

    def unguarded(one: Settlement, row: Any, shown: str, now: int) -> tuple[Any, ...]:
        return (*before(one, row, shown, now)[:-3], row.owner, row.attempt, row.state)

    before = calls._settle_row
    patch.setattr(calls, "_applicable", applicable)
    patch.setattr(calls, "_settle_row", unguarded)


@mutation(seed=0)
def what_a_dead_process_was_sending_is_queued_again(patch: Patch) -> None:
    patch.setattr(
        sweep,
        "_DOUBT",
        "UPDATE calls SET state = 'queued', reason = ?, cause = ?, owner = '', lease_until = 0 "
        "WHERE id = ? AND state = 'sending'",
    )


@mutation(seed=2)
def what_may_have_run_is_tried_again(patch: Patch) -> None:
    def next_step(call: Call, attempt: Attempt, *rest: Any) -> retry.Step:
        if attempt.outcome is Outcome.UNCERTAIN:
            attempt = replace(attempt, outcome=Outcome.RETRY)
        return before(call, attempt, *rest)

    before = retry.next_step
    patch.setattr(rounds, "next_step", next_step)


@mutation(seed=2)
def a_call_in_back_off_holds_nobody(patch: Patch) -> None:
    patch.setattr(retry, "hold", lambda *_: 0)


@mutation(seed=1)
def earlier_calls_of_a_recipient_are_not_looked_for(patch: Patch) -> None:
    patch.setattr(claims, "_CANDIDATES", changed(claims._CANDIDATES, "p.place < c.place", "p.place < 0"))


@mutation(seed=3)
def the_pace_is_not_counted(patch: Patch) -> None:
    patch.setattr(pace, "taken", lambda *given: given[1])


@mutation(seed=14)
def too_many_requests_do_not_slow_the_pace(patch: Patch) -> None:
    patch.setattr(pace, "halved", lambda *given: given[0])


@mutation(seed=1)
def repeats_are_not_noticed(patch: Patch) -> None:
    anew = known_events.NEW_KEYS.sql.replace("WHERE d.expires_at <= ?", "WHERE d.expires_at <> ?")
    patch.setattr(known_events.NEW_KEYS, "sql", anew)


@mutation(seed=0)
def webhooks_are_acknowledged_before_the_commit(patch: Patch) -> None:
    def commit(self: Writer[Any, Any], tickets: Sequence[Any]) -> None:
        with self._store.transaction() as connection:
            results = self._write(connection, [ticket.item for ticket in tickets])
            for ticket, result in zip(tickets, results, strict=True):
                ticket.settle(result)

    patch.setattr(Writer, "_commit", commit)


@mutation(seed=65)
def an_event_loses_its_second_call(patch: Patch) -> None:
    def put(connection: Connection, now: int, changes: Sequence[Change], counts: Counts) -> list[int]:
        first = [one for one in changes if not isinstance(one, NewCall) or not one.start.item]
        return before(connection, now, first, counts)

    before = errands.put
    patch.setattr(errands, "put", put)


@mutation(seed=10)
def resends_are_not_recorded(patch: Patch) -> None:
    def settlement(*given: Any) -> Settlement:
        return replace(before(*given), resend=False)

    before = rounds.settlement
    patch.setattr(rounds, "settlement", settlement)


@mutation(seed=33)
def what_is_done_can_be_cancelled(patch: Patch) -> None:
    patch.setattr(decisions, "WAITS", decisions.WAITS | {State.DONE})


@mutation(seed=10)
def calls_in_doubt_expire(patch: Patch) -> None:
    late = changed(sweep._LATE, "'waiting'", "'uncertain'")
    patch.setattr(sweep, "_LATE", changed(late, "<calls_by_end>", ""))
    patch.setattr(sweep, "_EXPIRE", sweep._EXPIRE.replace("'waiting'", "'uncertain'"))


@mutation(seed=0)
def paused_accounts_are_claimed_for(patch: Patch) -> None:
    patch.setattr(AccountState, "paused", False)


@mutation(seed=1)
def held_calls_are_never_released(patch: Patch) -> None:
    patch.setattr(recipient_order, "release_next", lambda *_: None)


@mutation(seed=23)
def a_probe_that_went_well_changes_nothing(patch: Patch) -> None:
    patch.setattr(breaker, "probed", lambda *given: given[0])


@mutation(seed=23)
def a_probe_counts_any_answer(patch: Patch) -> None:
    patch.setattr(client, "judged", lambda seen, *_: Probe(seen.status is not None, seen.status, seen.fault))


@mutation(seed=229)
def resends_are_risked_before_other_calls(patch: Patch) -> None:
    def ready(*given: Any) -> list[int]:
        *told, _avoided = given
        return before(*told)

    before = claims.ready
    patch.setattr(claims, "ready", ready)


@mutation(seed=2)
def a_server_error_is_repeated(patch: Patch) -> None:
    def server_error(seen: Exchange, answer: Any, account: Account) -> Shown:
        return before(seen, answer, replace(account, server_error="retry"))

    before = outcome.server_error
    patch.setattr(outcome, "server_error", server_error)


@mutation(seed=19)
def what_is_not_available_is_held(patch: Patch) -> None:
    patch.setattr(outcome, "ROWS", {n: row for n, row in outcome.ROWS.items() if n != 503})


@mutation(seed=23)
def the_breaker_never_opens(patch: Patch) -> None:
    patch.setattr(breaker, "opened", lambda *given: given[0])


@mutation(seed=23)
def an_open_breaker_lets_calls_through(patch: Patch) -> None:
    patch.setattr(breaker, "wants_probe", lambda *_: False)
    patch.setattr(breaker, "allowance", lambda *given: given[2])


@mutation(seed=1)
def retry_after_is_not_heard(patch: Patch) -> None:
    def wait(tries: int, _: float | None, random: Callable[[], float]) -> int:
        return before(tries, None, random)

    before = retry.wait
    patch.setattr(retry, "wait", wait)


@mutation(seed=68)
def a_commit_in_doubt_is_not_looked_into(patch: Patch) -> None:
    patch.setattr(Rounds, "forgotten", lambda *_: [])


@mutation(seed=9)
def late_answers_are_not_heard(patch: Patch) -> None:
    patch.setattr(calls, "AFTER", {State.SENDING: calls.AFTER[State.SENDING]})


@mutation(seed=67)
def a_process_that_stood_still_sends_what_it_had_begun(patch: Patch) -> None:
    async def tried(self: CallsInFlight, job: Job, _: float) -> Ended:
        return Ended(job, await self.attempt(job))

    patch.setattr(CallsInFlight, "tried", tried)


@mutation(seed=1)
def calls_in_doubt_are_counted_as_waiting_still(patch: Patch) -> None:
    patch.setattr(sweep, "counters", SimpleNamespace(add_moves=lambda *_: None))


@mutation(seed=0)
def leases_never_lapse(patch: Patch) -> None:
    patch.setattr(sweep, "recover", lambda *_, **__: ((), 0))


@mutation(seed=1)
def waiting_calls_are_released_early(patch: Patch) -> None:
    patch.setattr(release, "_DUE", changed(release._DUE, "due_at <= :now", "due_at <= :now + 60000"))


@mutation(seed=1)
def what_was_due_is_released_whatever_became_of_it(patch: Patch) -> None:
    def unguarded(connection: Connection, now: int) -> int:
        late, seen[:] = list(seen), [row.id for row in release._DUE.run(connection, now=now)]
        queue = "UPDATE calls SET state = 'queued' WHERE id = ? AND state <> 'cancelled'"
        bulk.each(connection, queue, [(number,) for number in late])
        return before(connection, now)

    seen: list[int] = []
    before = release.release
    patch.setattr(release, "release", unguarded)


@mutation(seed=19)
def a_mark_counts_from_receipt(patch: Patch) -> None:
    def cancel(self: Errands, new: NewCancellation) -> None:
        self.now, now = START_MS, self.now
        before(self, new)
        self.now = now

    before = Errands.cancel
    patch.setattr(Errands, "cancel", cancel)


@mutation(seed=0)
def a_mark_is_ignored(patch: Patch) -> None:
    patch.setattr(errands, "mark_of", lambda *_, **__: Mark())


@mutation(seed=7)
def time_until_it_expires_counts_from_intake(patch: Patch) -> None:
    def call_row(number: int, now: int, new: NewCall, begins: Beginning) -> tuple[Any, ...]:
        row = [*before(number, now, new, begins)]
        if begins.state is State.WAITING:
            row[row.index(FOR_EVER)] = now + new.start.expires * 1000
        return tuple(row)

    before = rows.call_row
    patch.setattr(calls, "call_row", call_row)


@mutation(seed=6)
def a_call_that_is_being_sent_is_replaced(patch: Patch) -> None:
    patch.setattr(errands, "PENDING", errands.PENDING | {State.SENDING})
    end = errands._END._row_by_row.replace("'claimed'", "'sending'")
    patch.setattr(
        errands, "_END", SimpleNamespace(run=lambda connection, rows: bulk.each(connection, end, rows))
    )


@mutation(seed=19)
def a_cancellation_ends_calls_of_other_accounts(patch: Patch) -> None:
    def cancel(self: Errands, new: NewCancellation) -> None:
        before(self, new)
        for (account, key), found in self.open.items():
            if key == new.cancellation.key and account != new.cancellation.account:
                for one in found:
                    self._cancelled(one, new.event_id)

    before = Errands.cancel
    patch.setattr(Errands, "cancel", cancel)
    cancelled = errand_rows._cancelled
    patch.setattr(
        errand_rows,
        "_cancelled",
        lambda new: {(a, k) for _, k in cancelled(new) for a in ("east", "main")},
    )


@mutation(seed=15)
def what_was_cancelled_while_it_was_sent_is_tried_again(patch: Patch) -> None:
    patch.setattr(calls, "_ended", lambda one, _: one)


@mutation(seed=7)
def the_order_is_that_of_intake(patch: Patch) -> None:
    patch.setattr(claims, "_CANDIDATES", changed(claims._CANDIDATES, "p.place < c.place", "p.id < c.id"))


@pytest.mark.thorough
@pytest.mark.parametrize("mutated", MUTATIONS, ids=lambda made: made.__name__)
def test_this_fault_in_the_code_is_caught(mutated: Mutation, memory: Memory, monkeypatch: Patch) -> None:
    mutated(monkeypatch)
    with pytest.raises(Failure):
        play_some((MUTATIONS[mutated], *range(HISTORIES)), memory)
