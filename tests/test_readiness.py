from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.mapping.compile.compiler import Compiled
from bridge.mapping_loader import MappingLoader
from bridge.problems.listing import problems
from bridge.problems.problem import Level, sentence
from bridge.readiness import Readiness
from bridge.store.db.disk import MB, Disk
from bridge.store.db.engine import Store, open_store
from bridge.store.queue import accounts, decisions
from bridge.store.queue.decisions import Decider
from bridge.store.state import clock as jumps
from bridge.text.render import english
from tests.conftest import Clock
from tests.store.given import PING, delivery, later, owe, sale, start, take_in
from tests.support.waiting import eventually

MAPPING = """
source: shop
profile: json
verify: none
event: {id: $.id}
rules: [{name: sold, start: {bot_id: 7, subscriber_id: $.buyer}}]
"""


@pytest.fixture
def rules(tmp_path: Path) -> MappingLoader:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "shop.yml").write_text(MAPPING)
    book = MappingLoader(str(tmp_path / "mappings"), {"LEADCONVERTER_TOKEN": "t"})
    book.refresh()
    return book


@pytest.fixture
def readiness(store: Store, rules: MappingLoader, clock: Clock) -> Readiness:
    return Readiness(store, rules, Disk(store.path, 1), clock)


class Stuck(Store):
    """A store whose database answers when the test lets it."""

    answers = threading.Event()

    @contextmanager
    def read(self) -> Iterator[None]:  # type: ignore[override]  # never gets as far as a connection
        self.answers.wait(10)
        yield


def wrong(readiness: Readiness) -> dict[str, str]:
    """What keeps webhooks out, by kind."""
    return texts(readiness, "blocks")


def odd(readiness: Readiness) -> dict[str, str]:
    """What else somebody should see to, by kind."""
    return texts(readiness, "bad", "warn", "hint")


def texts(readiness: Readiness, *levels: Level) -> dict[str, str]:
    found = [one for one in problems(readiness.facts()) if one.level in levels]
    kinds = dict.fromkeys(one.kind for one in found)
    return {kind: "; ".join(english(sentence(one)) for one in found if one.kind == kind) for kind in kinds}


def test_it_is_not_ready_before_the_first_check(readiness: Readiness) -> None:
    assert wrong(readiness) == {"database": "the database was not checked yet; run: leadbridge doctor"}
    assert readiness.is_known_source("shop") is None


def test_all_is_well(readiness: Readiness) -> None:
    readiness.check()
    assert (wrong(readiness), odd(readiness)) == ({}, {})


def test_a_source_is_known_for_thirty_days(readiness: Readiness, store: Store, clock: Clock) -> None:
    take_in(store, delivery(ignored=PING))
    readiness.check()
    assert (readiness.is_known_source("shop"), readiness.is_known_source("other")) == (True, False)
    clock.advance(30 * 86_400)
    readiness.check()
    assert readiness.is_known_source("shop") is False


def test_a_database_that_is_not_there_is_named_and_what_was_heard_stays_known(
    readiness: Readiness, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    take_in(store, sale("p1", start()))
    readiness.check()
    readiness.store = open_store(f"postgres://bridge@/x?host={tmp_path}")
    readiness.check()
    assert wrong(readiness) == {
        "database": "the database cannot be used; the log says why; run: leadbridge doctor"
    }
    assert "No such file or directory" in caplog.text
    assert readiness.is_known_source("shop") is True


def test_a_database_without_its_tables_is_a_matter_of_migrations(
    rules: MappingLoader, tmp_path: Path
) -> None:
    empty = open_store(f"sqlite:///{tmp_path / 'empty.db'}")
    with empty.transaction():
        pass
    readiness = Readiness(empty, rules, Disk(None, 0))
    readiness.check()
    assert list(wrong(readiness)) == ["migrations"]
    assert wrong(readiness)["migrations"].endswith("; run: leadbridge migrate")
    empty.close()


def test_an_unfinished_check_means_no_answer(sqlite_store: Store, rules: MappingLoader, clock: Clock) -> None:
    stuck = Stuck(*(getattr(sqlite_store, name) for name in Store.__slots__))
    readiness = Readiness(stuck, rules, Disk(None, 0), clock)
    readiness.start(wait=0)
    assert eventually(lambda: readiness.began)
    clock.advance(2)
    assert wrong(readiness) == {"database": "the database was not checked yet; run: leadbridge doctor"}
    clock.advance(5)
    assert wrong(readiness) == {"database": "the database has not answered for 7 s; run: leadbridge doctor"}
    readiness.close()
    stuck.answers.set()


def test_looks_go_on_in_the_background(readiness: Readiness) -> None:
    readiness.start()
    assert wrong(readiness) == {}
    readiness.close()


def test_without_valid_mappings_it_is_not_ready_and_with_an_older_set_it_is(
    readiness: Readiness, tmp_path: Path
) -> None:
    readiness.check()
    (tmp_path / "mappings" / "shop.yml").write_text("source: [")
    readiness.mapping_loader.refresh()
    assert wrong(readiness) == {}
    assert odd(readiness) == {
        "stale": "the mapping files have errors or are missing: the last good set stays in use; "
        "run: leadbridge check"
    }
    readiness.mapping_loader = MappingLoader(str(tmp_path / "mappings"), {})
    readiness.mapping_loader.refresh()
    assert wrong(readiness) == {
        "broken": "the mapping files have errors: nothing is accepted; run: leadbridge check"
    }


def test_a_full_disk_is_named(sqlite_store: Store, rules: MappingLoader) -> None:
    readiness = Readiness(sqlite_store, rules, Disk(sqlite_store.path, 10**9 * MB))
    readiness.check()
    told = wrong(readiness)["disk"]
    assert told.startswith("nothing is accepted: the disk has ")
    assert told.endswith(" MB left, accepting needs 1000000000 MB")


def test_a_queue_that_is_late_is_a_warning(readiness: Readiness, store: Store, clock: Clock) -> None:
    owe(store, start())
    with store.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO accounts VALUES ('main', 0, 0, 0, '', '', '', '')")
    clock.advance(60)
    readiness.check()
    assert odd(readiness) == {}
    clock.advance(31)
    readiness.check()
    assert wrong(readiness) == {}
    assert odd(readiness) == {
        "late": (
            "a call of account main has been due for 1 min; "
            "check that a dispatcher is running, the account is not paused and its pace is high enough; "
            "run: leadbridge doctor"
        )
    }


def test_calls_that_nobody_releases_are_a_warning_unless_the_clock_keeps_them(
    readiness: Readiness, store: Store, clock: Clock
) -> None:
    take_in(store, sale("a", later(after=60)))
    with store.transaction() as connection:
        accounts.ensure(connection, ["main"])
    clock.advance(120)
    readiness.check()
    assert odd(readiness) == {}
    clock.advance(31)
    readiness.check()
    assert odd(readiness) == {
        "overdue": (
            "a call that waited until it was due has not been queued for 1 min; "
            "check that a dispatcher is running; run: leadbridge calls --state waiting"
        )
    }
    with store.transaction() as connection:
        jumps.jumped(connection, clock.ms, 20_000)
    readiness.check()
    assert [*odd(readiness)] == ["clock"]


def test_the_bridges_own_alerts_are_no_source_that_anybody_may_send_to(
    readiness: Readiness, store: Store
) -> None:
    take_in(store, delivery(source="alerts", ignored=PING))
    readiness.check()
    assert readiness.is_known_source("alerts") is False


def test_what_variables_close_is_a_warning_and_an_empty_folder_too(
    readiness: Readiness, tmp_path: Path
) -> None:
    readiness.check()
    folder = tmp_path / "mappings"
    closed = MAPPING.replace("verify: none", "secret: ${GONE}\nverify: {token: {path: true}}")
    (folder / "shop.yml").write_text(closed)
    readiness.mapping_loader = MappingLoader(str(folder), {})
    readiness.mapping_loader.refresh()
    assert wrong(readiness) == {}
    assert odd(readiness) == {
        "variables": "source shop is closed, its webhooks are answered 503: GONE is not set; "
        "set it in the environment or in .env; account main has no token, its calls wait: "
        "LEADCONVERTER_TOKEN is not set; set it in the environment or in .env"
    }
    (folder / "shop.yml").unlink()
    readiness.mapping_loader = MappingLoader(str(folder), {})
    readiness.mapping_loader.refresh()
    assert wrong(readiness) == {}
    assert odd(readiness) == {
        "empty": "no source is connected yet: nothing is accepted; "
        "connect a source in the console, or make a file; run: leadbridge new"
    }


def test_calls_for_an_account_that_is_gone_are_a_problem_of_its_own(
    readiness: Readiness, store: Store, clock: Clock
) -> None:
    owe(store, start(account="gone"), later(after=3600, account="gone"), start(8))
    with store.transaction() as connection:
        accounts.ensure(connection, ["gone", "main"])
        decisions.send_now(connection, clock.ms, 2, Decider("anna"))
    owe(store, later(after=3600, account="gone", key="k"))
    clock.advance(90)
    readiness.check()
    found = odd(readiness)
    assert found.keys() == {"unknown_account", "late"}
    assert found["unknown_account"].startswith(
        "3 calls wait for account gone, which is in no mapping file (1 is not due yet); "
    )
    assert found["late"].startswith("a call of account main has been due for 1 min;")
    readiness.mapping_loader.current = Compiled()
    readiness.check()
    assert "unknown_account" not in odd(readiness)
