"""The play of a backtest and the store say the same of the same events."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bridge.mapping.author.errand_play import Fate, Move, play
from bridge.model import Again, Application, BotStart, Cancellation, Errand, Late
from bridge.reasons.calls import CallCode
from bridge.reasons.stored import from_text
from bridge.store.db.engine import Store
from bridge.store.queue import release
from tests.conftest import Clock
from tests.store.given import claim, delivery, event, rows, settle, settlement, start, take_in

HISTORIES, EVENTS, HOUR = 25, 12, 3600
AGAIN: tuple[Again, ...] = ("keep", "replace", "replace", "add")
LATE: tuple[Late, ...] = ("send", "skip")
FATES: dict[str, Fate] = {
    CallCode.REPLACED: "replaced",
    CallCode.WAITS_ALREADY: "kept",
    CallCode.CANCELLED_BY_EVENT: "cancelled",
    CallCode.CANCELLED_BEFORE: "marked",
    CallCode.SKIPPED: "late",
}
ENDS = "SELECT reason, due_at, sent_at, created_at FROM calls ORDER BY id"
"""A call that is done has no due time any more."""


def chosen_start(luck: random.Random, history: int, now: int) -> BotStart:
    key = f"{luck.choice('jk')}:{history}"
    due = luck.choice([0, now + luck.randint(-3, 40) * HOUR * 1000])
    return start(
        rule=luck.choice("ab"),
        due_at=due,
        late=luck.choice(LATE),
        errand=Errand(key, luck.choice(AGAIN), luck.choice([24, 2]) * HOUR),
        shadow=luck.random() < 0.2,
    )


def chosen_cancels(luck: random.Random, history: int, starts: int) -> tuple[Cancellation, ...]:
    places = sorted(luck.randint(0, starts) for _ in range(luck.choice([0, 0, 1, 2])))
    return tuple(
        Cancellation(
            "paid",
            number,
            "main",
            f"{luck.choice('jk')}:{history}",
            luck.choice([0, 0, 6 * HOUR]),
            place,
            shadow=luck.random() < 0.2,
        )
        for number, place in enumerate(places)
    )


def send_all(store: Store) -> None:
    """Release what is due, and send it."""
    with store.transaction() as connection:
        release.release(connection, store.now(connection))
    while calls := claim(store):
        assert all(settle(store, *(settlement(call) for call in calls)))


def fate(reason: str, due_at: int, sent_at: int, created_at: int) -> Fate | None:
    why = from_text(reason)
    return (why and FATES.get(why.code)) or ("waited" if max(due_at, sent_at) > created_at else None)


@pytest.mark.parametrize("seed", range(2))
def test_the_play_and_the_store_agree(store: Store, clock: Clock, seed: int) -> None:
    luck = random.Random(seed)
    moves: list[Move] = []
    for history in range(HISTORIES):
        for number in range(EVENTS):
            clock.advance(luck.choice([0, 0.5, 1, 2, 5]) * HOUR)
            send_all(store)
            starts = tuple(chosen_start(luck, history, clock.ms) for _ in range(luck.choice([0, 1, 1, 2])))
            starts = tuple(replace(one, item=item) for item, one in enumerate(starts))
            cancels = chosen_cancels(luck, history, len(starts))
            made = Application(starts, (), (), cancels=cancels)
            moves.append(Move(clock.ms, len(moves), "shop", made))
            one = event(f"e-{history}-{number}", received_at=clock.ms)
            take_in(store, delivery((one, made), received_at=clock.ms))
            send_all(store)
    told = [one.fate for one in play(moves)]
    assert told == [fate(*row) for row in rows(store, ENDS)]
    assert {*told} == {None, "waited", *FATES.values()}
