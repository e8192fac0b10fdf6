from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection

from bridge.errors import Overloaded, StoreUnavailable
from bridge.reasons.reason import GeneralCode, Reason
from bridge.store.db.engine import Store
from bridge.store.db.writer import SUBMIT_S, Writer
from tests.store.given import rows
from tests.support.waiting import eventually


def submit(writer: Writer[str, str], item: str, timeout: float = SUBMIT_S) -> str:
    """Submit from a loop of this thread."""
    return asyncio.run(writer.submit(item, timeout))


class BadItem(Exception):
    pass


def keep(connection: Connection, items: Sequence[str]) -> list[str]:
    """Store each text; one that is called bad fails after it was written."""
    for item in items:
        connection.exec_driver_sql(f"INSERT INTO dedup VALUES ('w', '{item}', '', '', 1, 1)")
    if any(item.startswith("bad") for item in items):
        raise BadItem(", ".join(items))
    return [f"kept {item}" for item in items]


def kept(store: Store) -> list[str]:
    return [row[0] for row in rows(store, "SELECT key FROM dedup ORDER BY key")]


class Holding:
    """A `write` that a test can hold up in mid-transaction."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, connection: Connection, items: Sequence[str]) -> list[str]:
        self.entered.set()
        self.go_on.wait(10)
        return keep(connection, items)


def test_an_item_is_on_disk_when_submit_returns(store: Store) -> None:
    writer = Writer(store, keep)
    assert submit(writer, "a") == "kept a"
    assert kept(store) == ["a"]
    writer.close()


def test_all_that_waits_is_one_commit(store: Store) -> None:
    batches: list[int] = []
    writer = Writer(store, keep, start=False, observe=lambda items, _: batches.append(items))
    for item in "abc":
        writer.offer(item)
    assert (writer.waiting(), writer.step(), writer.waiting(), writer.step()) == (3, 3, 0, 0)
    assert batches == [3]
    assert kept(store) == ["a", "b", "c"]


def test_a_batch_is_bounded(store: Store) -> None:
    writer = Writer(store, keep, start=False, batch=2)
    for item in "abc":
        writer.offer(item)
    assert (writer.step(), writer.step()) == (2, 1)


def test_each_submitter_gets_its_own_result(store: Store) -> None:
    writer = Writer(store, keep)
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(partial(submit, writer), (f"i{n}" for n in range(200))))
    assert results == [f"kept i{n}" for n in range(200)]
    assert len(kept(store)) == 200
    writer.close()


def test_what_comes_during_a_commit_shares_the_next_one(store: Store) -> None:
    holding, batches = Holding(), []
    writer = Writer(store, holding, observe=lambda items, _: batches.append(items))
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(submit, writer, "a")
        holding.entered.wait(10)
        others = [pool.submit(submit, writer, item) for item in "bcd"]
        while writer.waiting() < 3:
            threading.Event().wait(0.001)
        holding.go_on.set()
        assert first.result() == "kept a"
        assert [one.result() for one in others] == ["kept b", "kept c", "kept d"]
    assert batches == [1, 3]
    writer.close()


def test_a_bad_item_fails_alone(store: Store) -> None:
    writer = Writer(store, keep, start=False)
    with ThreadPoolExecutor(4) as pool:
        waiting = {item: pool.submit(submit, writer, item, 10) for item in ("a", "bad", "c")}
        while writer.waiting() < 3:
            threading.Event().wait(0.001)
        writer.step()
        assert waiting["a"].result() == "kept a"
        assert waiting["c"].result() == "kept c"
        with pytest.raises(BadItem, match=r"^bad$"):
            waiting["bad"].result()
    assert kept(store) == ["a", "c"]


def test_an_item_that_breaks_the_schema_fails_alone(store: Store) -> None:
    writer = Writer(store, keep, start=False)
    for item in ("a", "a", "b"):
        writer.offer(item)
    writer.step()
    assert kept(store) == ["a", "b"]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_batches_that_wait_for_each_other_are_both_written(store: Store) -> None:
    with store.transaction() as connection:
        keep(connection, ["a", "b"])
    both, tried = threading.Barrier(2), list[str]()

    def crossing(connection: Connection, items: Sequence[str]) -> list[str]:
        for place, key in enumerate(items[0]):
            if place and len(tried) < 2:
                tried.append(items[0])
                both.wait(10)
            connection.exec_driver_sql(f"UPDATE dedup SET event_id = event_id + 1 WHERE key = '{key}'")
        return list(items)

    writers = [Writer(store, crossing, start=False) for _ in "ab"]
    with ThreadPoolExecutor(4) as pool:
        waiting = [
            pool.submit(submit, writer, keys, 10) for writer, keys in zip(writers, ("ab", "ba"), strict=True)
        ]
        while not all(writer.waiting() for writer in writers):
            threading.Event().wait(0.001)
        for step in [pool.submit(writer.step) for writer in writers]:
            step.result()
        assert [one.result() for one in waiting] == ["ab", "ba"]
    assert rows(store, "SELECT DISTINCT event_id FROM dedup") == [(3,)]


def test_a_wrong_number_of_results_stores_nothing(store: Store) -> None:
    def forgetful(connection: Connection, items: Sequence[str]) -> list[str]:
        return keep(connection, items)[1:]

    writer = Writer(store, forgetful)
    with pytest.raises(ValueError, match="zip"):
        submit(writer, "a")
    assert kept(store) == []
    writer.close()


def test_too_much_waiting_is_refused_at_once(store: Store) -> None:
    writer = Writer(store, keep, start=False, waiting=2)
    assert writer.offer("a")
    assert writer.offer("b")
    assert not writer.offer("c")
    with pytest.raises(StoreUnavailable) as caught:
        submit(writer, "d")
    assert caught.value.message == "2 items wait for the database already"


def test_a_late_item_is_given_up_and_never_written(store: Store) -> None:
    writer = Writer(store, keep, start=False)
    with pytest.raises(StoreUnavailable) as caught:
        submit(writer, "a", timeout=0.01)
    assert caught.value.message == "the database took longer than 0.01 s"
    assert writer.step() == 0
    assert kept(store) == []


@pytest.mark.thorough_on_postgres
def test_an_item_in_a_commit_that_lasts_too_long_is_given_up(store: Store) -> None:
    holding = Holding()
    writer = Writer(store, holding)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(submit, writer, "a", 2)
        assert holding.entered.wait(10)
        with pytest.raises(StoreUnavailable):
            waiting.result()
    holding.go_on.set()
    writer.close()
    assert kept(store) == ["a"]


def test_a_closed_writer_takes_nothing(store: Store) -> None:
    writer = Writer(store, keep)
    writer.close()
    with pytest.raises(StoreUnavailable) as caught:
        submit(writer, "a")
    assert caught.value.message == "the writer is closed"


def test_closing_writes_what_waits(store: Store) -> None:
    holding = Holding()
    writer = Writer(store, holding)
    writer.offer("a")
    holding.entered.wait(10)
    writer.offer("b")
    holding.go_on.set()
    writer.close()
    assert kept(store) == ["a", "b"]


def test_closing_fails_what_is_left(store: Store) -> None:
    writer = Writer(store, keep, start=False)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(submit, writer, "a", 10)
        while not writer.waiting():
            threading.Event().wait(0.001)
        writer.close()
        with pytest.raises(StoreUnavailable) as caught:
            waiting.result()
    assert caught.value.message == "the writer is closed"


def test_an_unavailable_database_fails_the_whole_batch_once(store: Store) -> None:
    tried: list[Any] = []

    def gone(_connection: Connection, items: Sequence[str]) -> list[str]:
        tried.append(list(items))
        raise StoreUnavailable(
            Reason(GeneralCode.VERBATIM, text="database error: gone"),
            Reason(GeneralCode.VERBATIM, text="wait"),
        )

    writer = Writer(store, gone, start=False)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(submit, writer, item, 10) for item in "ab"]
        while writer.waiting() < 2:
            threading.Event().wait(0.001)
        writer.step()
        for one in waiting:
            with pytest.raises(StoreUnavailable) as caught:
                one.result()
            assert (caught.value.message, caught.value.hint) == (
                "database error: gone",
                "wait",
            )
    assert len(tried) == 1


def test_a_writer_goes_on_after_a_failure(store: Store) -> None:
    writer = Writer(store, keep)
    with pytest.raises(BadItem):
        submit(writer, "bad")
    assert submit(writer, "a") == "kept a"
    writer.close()


def test_a_writer_goes_on_if_its_commits_cannot_be_counted(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_items: int, _seconds: float) -> None:
        raise OSError("no space left on device")

    writer = Writer(store, keep, observe=fails)
    assert [submit(writer, item) for item in "ab"] == ["kept a", "kept b"]
    writer.close()
    assert "a commit could not be counted" in caplog.messages


@pytest.mark.thorough_on_postgres
def test_items_are_rejected_while_a_commit_is_stuck(store: Store) -> None:
    stuck = Holding()
    writer = Writer(store, stuck)
    writer.offer("first")
    assert stuck.entered.wait(10)
    waited = threading.Event()
    waited.wait(2.1)
    began = time.monotonic()
    with pytest.raises(StoreUnavailable) as caught:
        submit(writer, "second")
    assert time.monotonic() - began < 0.5
    assert caught.value.message == "the database has not answered for 2 s"
    stuck.go_on.set()

    def accepts_again() -> bool:
        with contextlib.suppress(StoreUnavailable):
            return submit(writer, "third") == "kept third"
        return False

    assert eventually(accepts_again)
    assert kept(store) == ["first", "third"]
    writer.close()


def test_a_queue_that_is_full_says_so(store: Store) -> None:
    writer = Writer(store, keep, start=False, waiting=1)
    writer.offer("a")
    with pytest.raises(Overloaded) as caught:
        submit(writer, "b", timeout=0)
    assert caught.value.message == "1 items wait for the database already"


def test_what_was_given_up_before_its_transaction_began_is_not_written(store: Store) -> None:
    writer = Writer(store, keep, start=False)
    writer.offer("a")
    (ticket, *_) = writer._queue
    ticket.abandoned = True
    writer.offer("b")
    writer.step()
    assert kept(store) == ["b"]


def test_coroutines_of_one_loop_share_commits(store: Store) -> None:
    batches: list[int] = []
    writer = Writer(store, keep, observe=lambda items, _: batches.append(items))

    async def send(place: int) -> None:
        for turn in range(5):
            assert await writer.submit(f"{place}-{turn}", 20) == f"kept {place}-{turn}"

    async def send_all() -> None:
        await asyncio.gather(*(send(place) for place in range(40)))

    asyncio.run(send_all())
    writer.close()
    assert sum(batches) == 200
    assert len(batches) <= 20


def test_a_fault_before_anything_is_taken_fails_what_waits(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("carried over a fork")

    monkeypatch.setattr(Store, "transaction", broken)
    writer = Writer(store, keep, start=False)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(submit, writer, item, 10) for item in "ab"]
        assert eventually(lambda: writer.waiting() == 2)
        writer.step()
        for one in waiting:
            with pytest.raises(RuntimeError, match="carried over a fork"):
                one.result()
    assert writer.waiting() == 0
