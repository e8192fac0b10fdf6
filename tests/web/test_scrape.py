from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.assemble.web import WebSide, web_side
from bridge.problems.facts import Fault
from bridge.readiness import CheckResult
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Reason
from bridge.settings import load
from bridge.store.queue import accounts
from bridge.web import metrics
from bridge.web.counting import Counted
from bridge.web.scrape import Scrape
from tests.conftest import Clock
from tests.store.given import cancel, later, owe, paid, sale, start, take_in
from tests.web.conftest import MAPPING


@pytest.fixture
def side(database_url: str, tmp_path: Path) -> Iterator[WebSide]:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "shop.yml").write_text(MAPPING)
    settings = {
        "DATABASE_URL": database_url,
        "BRIDGE_MAPPINGS": str(tmp_path / "mappings"),
        "LEADCONVERTER_TOKEN": "t",
        "BRIDGE_DISK_FLOOR": "1",
    }
    made = web_side(load(settings))
    with made.store.transaction() as connection:
        accounts.ensure(connection, ["main"])
    yield made
    made.close()


def samples(scrape: Scrape) -> dict[tuple[str, tuple[str, ...]], float]:
    return {(metric.name, labels): float(value) for metric, labels, value in scrape.samples()}


def queued(scrape: Scrape) -> float:
    return samples(scrape)[metrics.QUEUED.name, ("main",)]


def test_the_database_is_read_every_few_seconds_at_most(side: WebSide, clock: Clock) -> None:
    scrape = Scrape(side, Counted(), clock)
    assert queued(scrape) == 0
    owe(side.store, start(1), start(2))
    clock.advance(4.9)
    assert queued(scrape) == 0
    clock.advance(0.2)
    assert queued(scrape) == 2


def test_an_account_is_shown_with_pause_breaker_and_pace(side: WebSide, clock: Clock) -> None:
    with side.store.transaction() as connection:
        accounts.pause(connection, side.store.now(connection), "main", who="me", why="a holiday")
    found = samples(Scrape(side, Counted(), clock))
    assert found[metrics.PAUSED.name, ("main",)] == 1
    assert found[metrics.PACE.name, ("main",)] == 5
    gates = {labels[1]: value for (name, labels), value in found.items() if name == metrics.BREAKER.name}
    assert gates == {"closed": 1, "open": 0, "trial": 0}


def test_without_a_database_only_its_figures_are_missing(side: WebSide, clock: Clock) -> None:
    scrape = Scrape(side, Counted(), clock)
    side.readiness.close()
    side.readiness.result = CheckResult(Fault(Reason(ProblemCode.DATABASE_UNUSABLE)))
    found = samples(scrape)
    assert found[metrics.UP.name, ()] == 0
    assert found[metrics.STALE.name, ()] == 0
    assert not any(name in (metrics.QUEUED.name, metrics.WAITING_DUE.name) for name, _ in found)


def test_free_disk_space_is_shown_for_the_embedded_database(side: WebSide, clock: Clock) -> None:
    shown = (metrics.DISK_FREE.name, ()) in samples(Scrape(side, Counted(), clock))
    assert shown is side.store.embedded


def test_what_waits_and_what_was_cancelled_is_shown_by_source(side: WebSide, clock: Clock) -> None:
    take_in(
        side.store,
        sale("a", later(key="cart:1"), later(rule="b", after=-(10**8))),
        paid("c", cancel("cart:1")),
        sale("d", later(rule="c", key="cart:1"), source="gone"),
    )
    found = samples(Scrape(side, Counted(), clock))
    assert found[metrics.CALLS.name, ("waiting",)] == 1
    assert found[metrics.WAITING.name, (metrics.UNKNOWN,)] == 1
    assert found[metrics.CANCELLED.name, ("shop", "event")] == 1
    assert found[metrics.WAITING_DUE.name, ()] == 0
    assert found[metrics.WAITING_LATE.name, ()] == 0
