from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.mapping_loader import Rulebook
from bridge.readiness import Lookout
from bridge.store.db.disk import MB, Disk
from bridge.store.db.engine import Store, open_store
from tests.conftest import Clock
from tests.store.given import delivery, owe, sale, start, take_in
from tests.support.waiting import eventually

MAPPING = """
source: shop
profile: json
verify: none
event: {id: $.id}
rules: [{name: sold, start: {bot_id: 7, subscriber_id: $.buyer}}]
"""


@pytest.fixture
def rules(tmp_path: Path) -> Rulebook:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "shop.yml").write_text(MAPPING)
    book = Rulebook(str(tmp_path / "mappings"), {"LEADCONVERTER_TOKEN": "t"})
    book.refresh()
    return book


@pytest.fixture
def lookout(store: Store, rules: Rulebook, clock: Clock) -> Lookout:
    return Lookout(store, rules, Disk(store.path, 1), clock)


class Stuck(Store):
    """A store whose database answers when the test lets it."""

    answers = threading.Event()

    @contextmanager
    def read(self) -> Iterator[None]:  # type: ignore[override]  # never gets as far as a connection
        self.answers.wait(10)
        yield


def test_before_the_first_look_it_is_not_ready(lookout: Lookout) -> None:
    assert lookout.problems() == {"database": "it was not looked at yet"}
    assert lookout.has_heard_of("shop") is None


def test_all_is_well(lookout: Lookout) -> None:
    lookout.look()
    assert (lookout.problems(), lookout.warnings()) == ({}, {})


def test_a_source_is_heard_of_for_thirty_days(lookout: Lookout, store: Store, clock: Clock) -> None:
    take_in(store, delivery(ignored="ping"))
    lookout.look()
    assert (lookout.has_heard_of("shop"), lookout.has_heard_of("other")) == (True, False)
    clock.advance(30 * 86_400)
    lookout.look()
    assert lookout.has_heard_of("shop") is False


def test_a_database_that_is_not_there_is_named_and_what_was_heard_stays_known(
    lookout: Lookout, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    take_in(store, sale("p1", start()))
    lookout.look()
    lookout.store = open_store(f"postgres://bridge@/x?host={tmp_path}")
    lookout.look()
    assert lookout.problems() == {"database": "it cannot be used; the log says why"}
    assert "No such file or directory" in caplog.text
    assert lookout.has_heard_of("shop") is True


def test_a_database_without_its_tables_is_a_matter_of_migrations(rules: Rulebook, tmp_path: Path) -> None:
    empty = open_store(f"sqlite:///{tmp_path / 'empty.db'}")
    with empty.transaction():
        pass
    lookout = Lookout(empty, rules, Disk(None, 0))
    lookout.look()
    assert list(lookout.problems()) == ["migrations"]
    assert lookout.problems()["migrations"].endswith("; run: leadbridge migrate")
    empty.close()


def test_a_look_that_does_not_come_back_means_no_answer(
    sqlite_store: Store, rules: Rulebook, clock: Clock
) -> None:
    stuck = Stuck(*(getattr(sqlite_store, name) for name in Store.__slots__))
    lookout = Lookout(stuck, rules, Disk(None, 0), clock)
    lookout.begin(wait=0)
    assert eventually(lambda: lookout.began)
    clock.advance(2)
    assert lookout.problems() == {"database": "it was not looked at yet"}
    clock.advance(5)
    assert lookout.problems() == {"database": "it has not answered for 7 s"}
    lookout.close()
    stuck.answers.set()


def test_looks_go_on_in_the_background(lookout: Lookout) -> None:
    lookout.begin()
    assert lookout.problems() == {}
    lookout.close()


def test_without_valid_mappings_it_is_not_ready_and_with_an_older_set_it_is(
    lookout: Lookout, tmp_path: Path
) -> None:
    lookout.look()
    (tmp_path / "mappings" / "shop.yml").write_text("source: [")
    lookout.rulebook.refresh()
    assert lookout.problems() == {}
    assert lookout.warnings() == {
        "mappings": "the files are broken or gone, an older set is in use: run leadbridge check"
    }
    lookout.rulebook = Rulebook(str(tmp_path / "mappings"), {})
    lookout.rulebook.refresh()
    assert lookout.problems() == {"mappings": "no valid mappings: run leadbridge check"}


def test_a_full_disk_is_named(sqlite_store: Store, rules: Rulebook) -> None:
    lookout = Lookout(sqlite_store, rules, Disk(sqlite_store.path, 10**9 * MB))
    lookout.look()
    told = lookout.problems()["disk"]
    assert told.startswith("the disk has ")
    assert told.endswith(" MB left, accepting needs 1000000000 MB")


def test_a_queue_that_is_late_is_a_warning(lookout: Lookout, store: Store, clock: Clock) -> None:
    owe(store, start())
    with store.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO accounts VALUES ('main', 0, 0, 0, '', '', '', '')")
    clock.advance(60)
    lookout.look()
    assert lookout.warnings() == {}
    clock.advance(31)
    lookout.look()
    assert lookout.problems() == {}
    assert lookout.warnings() == {
        "queue": (
            "a call of account main has been due for 91 s: "
            "is a dispatcher running, is the account paused or its pace too low?"
        )
    }


def test_the_bridges_own_alerts_are_no_source_that_anybody_may_send_to(
    lookout: Lookout, store: Store
) -> None:
    take_in(store, delivery(source="alerts", ignored="made up"))
    lookout.look()
    assert lookout.has_heard_of("alerts") is False


def test_what_variables_close_is_a_warning_and_an_empty_folder_too(lookout: Lookout, tmp_path: Path) -> None:
    lookout.look()
    folder = tmp_path / "mappings"
    closed = MAPPING.replace("verify: none", "secret: ${GONE}\nverify: {token: {path: true}}")
    (folder / "shop.yml").write_text(closed)
    lookout.rulebook = Rulebook(str(folder), {})
    lookout.rulebook.refresh()
    assert lookout.problems() == {}
    assert lookout.warnings() == {
        "variables": "source shop is closed, its webhooks are answered 503: GONE is not set; "
        "account main has no token, its calls wait: LEADCONVERTER_TOKEN is not set"
    }
    (folder / "shop.yml").unlink()
    lookout.rulebook = Rulebook(str(folder), {})
    lookout.rulebook.refresh()
    assert lookout.problems() == {}
    assert lookout.warnings() == {
        "mappings": "there is no mapping file yet: run leadbridge new, or connect a source in the console"
    }
