"""Each cell of the interplay table: a call of an errand in a state, and something that happens then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.dispatch.calls_in_flight import Ended
from bridge.dispatch.maintenance import Maintenance
from bridge.dispatch.round import Rounds
from bridge.mapping_loader import MappingLoader
from bridge.model import Account, Call, Errand, Outcome
from bridge.operations import pause as pausing
from bridge.store.db.engine import Store
from bridge.store.inbox import replays
from bridge.store.inbox.purge import purge
from bridge.store.queue.decisions import Decider
from bridge.store.queue.effects import Effect
from bridge.store.reports import cancellations
from tests.conftest import Clock
from tests.dispatch.interplay import CELLS, PAGE, STATES, page
from tests.store.given import (
    attempt,
    cancel,
    claim,
    later,
    leave_claimed,
    made,
    paid,
    rows,
    sale,
    settle,
    settlement,
    start,
    take_in,
    whys,
)

MINUTE, HOUR = 60, 3600
KEY = "cart:7"
AT_ONCE = start(rule="cart left", errand=Errand(KEY, "replace"))
BY = Decider("anna", "because")
MAIN = Account("main", "t", rate=1000.0, burst=1000)
RULE = """
source: shop
profile: json
verify: none
rules:
  - {name: RULE, key: "cart:{$.cart}", again: add, after: 1m, start: {bot_id: 1, subscriber_id: $.subscriber}}
"""


class World:
    """A store, a dispatcher whose rounds the test takes, and a LeadConverter that runs whatever it gets."""

    def __init__(self, store: Store, clock: Clock, folder: Path) -> None:
        self.store = store
        self.clock = clock
        self.folder = folder
        self.steady = 0.0
        self.accounts = {"main": MAIN}
        self.rounds = Rounds(
            store, lambda: self.accounts, "w1", lambda: 0.5, lambda: clock.ms, steady=lambda: self.steady
        )
        self.maintenance = Maintenance(store, lambda: self.accounts)
        self.maintenance.look_after()
        self.in_flight: Call | None = None
        """What another dispatcher is sending."""
        self.runs = 0

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.steady += seconds

    def bring(self, state: str) -> None:
        """Call 1, in that state."""
        after = {"waiting": HOUR, "due": MINUTE}.get(state)
        take_in(self.store, sale("left", AT_ONCE if after is None else later(key=KEY, after=after)))
        if state == "due":
            self.advance(MINUTE + 1)
        if state in ("claimed", "sending", "uncertain"):
            (call,) = claim(self.store, owner="w0")
            if state == "claimed":
                leave_claimed(self.store, call)
                return
            self.runs += 1
            if state == "sending":
                self.in_flight = call
            else:
                settle(self.store, settlement(call, "uncertain", shown=attempt(Outcome.UNCERTAIN)))

    def go_on(self) -> None:
        """Two hours pass: everybody does what there is to do."""
        for _ in range(12):
            self.maintenance.look_after()
            if self.in_flight:
                settle(self.store, settlement(self.in_flight, "done"))
                self.in_flight = None
            begun = self.rounds.round([], 8).begun
            self.runs += len(begun)
            self.rounds.round([Ended(job, attempt()) for job in begun], 0)
            self.advance(10 * MINUTE)

    def states(self) -> str:
        return " ".join(state for state, _ in whys(self.store).values())


def cancel_it(world: World) -> None:
    take_in(world.store, paid("paid", cancel(KEY)))


def replace_it(world: World) -> None:
    with world.store.read() as connection:
        now = world.store.now(connection)
    again = replace(later(key=KEY), due_at=now + 30 * MINUTE * 1000)
    take_in(world.store, sale("left again", again))


def pause(world: World) -> None:
    assert pausing.pause_rules(world.store, "shop", "", BY)
    world.maintenance.look_after()


def resume(world: World) -> None:
    pause(world)
    world.rounds.round([], 0)
    assert pausing.resume_rules(world.store, "shop", "", BY)


def reload(world: World) -> None:
    before = rows(world.store, "SELECT * FROM calls")
    loader = MappingLoader(str(world.folder), {})
    for name in ("cart left", "another"):
        (world.folder / "shop.yml").write_text(RULE.replace("RULE", name))
        assert loader.refresh()
        assert [rule.name for rule in loader.current.sources["shop"].rules] == [name]
    assert rows(world.store, "SELECT * FROM calls") == before


def lose_account(world: World) -> None:
    world.accounts = {}


def replay(world: World) -> None:
    with world.store.transaction() as connection:
        now = world.store.now(connection)
        done = replays.replay(connection, now, 1, made(replace(AT_ONCE, bot_id=9)), "newer", BY)
    assert done.calls == ()


def purge_all(world: World) -> None:
    world.advance(1)
    purge(world.store, body_days=0, row_days=0)
    assert rows(world.store, "SELECT count(*) FROM events WHERE body IS NOT NULL") == [(1,)]
    assert rows(world.store, "SELECT key FROM errands") == [(KEY,)]


def kill(world: World) -> None:
    world.in_flight = None
    world.maintenance = Maintenance(world.store, lambda: world.accounts)
    world.maintenance.look_after(everyone=True)


def jump(world: World) -> None:
    with world.store.read() as connection:
        world.rounds.now(connection)
    world.clock.advance(2 * HOUR)
    world.maintenance.look_after()


ACTIONS: dict[str, Callable[[World], None]] = {
    "cancel": cancel_it,
    "replace": replace_it,
    "pause": pause,
    "resume": resume,
    "reload": reload,
    "account gone": lose_account,
    "replay": replay,
    "purge": purge_all,
    "kill": kill,
    "clock": jump,
}


@pytest.fixture
def world(store: Store, clock: Clock, tmp_path: Path) -> World:
    return World(store, clock, tmp_path)


@pytest.mark.thorough_on_postgres
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_cell(action: str, state: str, world: World) -> None:
    cell = CELLS[action][1][state]
    world.bring(state)
    requests = rows(world.store, "SELECT id, request FROM calls")
    ACTIONS[action](world)
    assert (world.states(), whys(world.store)[1][1] if cell.why else "") == (cell.after, cell.why)
    world.go_on()
    assert (world.states(), world.runs) == (cell.end, cell.runs)
    assert rows(world.store, "SELECT id, request FROM calls WHERE id = 1") == requests


@pytest.mark.parametrize(
    ("state", "effect"), [("sending", Effect.TOO_LATE), ("uncertain", Effect.NOT_RESENT)]
)
def test_what_a_cancellation_did_not_end_is_recorded(state: str, effect: Effect, world: World) -> None:
    world.bring(state)
    cancel_it(world)
    with world.store.read() as connection:
        (found,) = cancellations.of_events(connection, [2])
    assert [tuple(one) for one in found.effects] == [(1, effect)]


@pytest.mark.parametrize("state", ["waiting", "due"])
def test_a_trusted_clock_releases(state: str, world: World) -> None:
    world.bring(state)
    jump(world)
    world.go_on()
    assert pausing.trust_clock(world.store, BY, lambda: None)
    world.go_on()
    assert (world.states(), world.runs) == ("done", 1)


@pytest.mark.parametrize("state", ["waiting", "due", "queued", "claimed"])
def test_an_account_that_is_back_gets_its_calls(state: str, world: World) -> None:
    world.bring(state)
    lose_account(world)
    world.go_on()
    world.accounts = {"main": MAIN}
    world.go_on()
    assert (world.states(), world.runs) == ("done", 1)


def test_the_table_is_whole() -> None:
    assert list(CELLS) == list(ACTIONS)
    assert all(list(cells) == list(STATES) for _, cells in CELLS.values())


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"
