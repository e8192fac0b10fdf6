"""However many calls wait: what runs all the time finds its rows by an index and reads a bounded number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import pytest
from sqlalchemy import Connection

from bridge.model import State
from bridge.store.db.dialects import Statement
from bridge.store.db.driver import driver_of
from bridge.store.db.engine import Store
from bridge.store.inbox.events import accept
from bridge.store.queue import calls, claims, due_calls, errand_rows, recipient_order, release, sweep
from bridge.store.reports.call_views import CallFilter, page_of_calls
from bridge.store.reports.event_stream import past_events
from bridge.store.reports.event_views import EventFilter, event_selection, page_of_events
from bridge.store.reports.pagination import Page
from tests.store.given import (
    NOT_JSON,
    NOW,
    PING,
    cancel,
    claim,
    claim_in,
    crowd,
    delivery,
    later,
    owe,
    paid,
    rows,
    sale,
    settle,
    settlement,
    start,
    take_in,
)

UNHELD = "SELECT count(*) FROM calls WHERE state = 'queued' AND held_by = 0"
FEW, MANY = 1_000, 20_000


def statements() -> dict[str, tuple[Statement, dict[str, Any], set[str]]]:
    """What runs all the time, and the indexes that it must go by on SQLite."""
    return {
        "candidates": (
            claims._CANDIDATES,
            {"account": "main", "now": NOW, "many": 100, "resends": claims._ANY},
            {"calls_ready", "calls_in_flight", "calls_in_lane"},
        ),
        "let go": (
            Statement(recipient_order._RELEASE_NEXT.sql.replace("{rows}", "VALUES (:account, :recipient)")),
            {"account": "main", "recipient": "subscriber:7"},
            {"calls_held"},
        ),
        "lapsed holds": (recipient_order._RELEASE_EXPIRED, {"now": NOW}, {"calls_by_release"}),
        "leases": (sweep._LEASES, {"until": NOW}, {"calls_by_lease"}),
        "late": (sweep._LATE, {"until": NOW}, {"calls_by_end"}),
        "account views": (due_calls._VIEWS, {}, {"calls_ready", "calls_waiting"}),
        "due": (release._DUE, {"now": NOW}, {"calls_waiting"}),
        "errands": (
            Statement(
                errand_rows._WANTED.sql.replace(
                    "{rows}", "VALUES (:account, :key, 'shop', 'sold', '%', :which)"
                )
            ),
            {"account": "main", "key": "cart:7", "which": "first"},
            {"calls_by_errand"},
        ),
        "held": (due_calls._OF_OWNER, {"owner": "me"}, {"calls_by_lease"}),
    }


def plan(connection: Connection, statement: Statement, parameters: dict[str, Any]) -> str:
    word = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    explained = Statement(f"{word} {statement.sql}").run(connection, **parameters)
    return "\n".join(str(tuple(row)) for row in explained)


@pytest.mark.parametrize("name", list(statements()))
def test_what_runs_all_the_time_goes_by_an_index(name: str, store: Store) -> None:
    owe(store, start(7))
    crowd(store, MANY, MANY)
    if not store.embedded:
        with store.transaction() as connection:
            connection.exec_driver_sql("ANALYZE calls")
    statement, parameters, indexes = statements()[name]
    with store.transaction() as connection:
        found = plan(connection, statement, parameters)
    assert "Seq Scan on calls" not in found
    if store.embedded:
        assert {index for index in indexes if index in found} == indexes
        assert "SCAN calls'" not in found


class Steps:
    """Counts the instructions of SQLite's machine: a cost without a clock."""

    def __init__(self, connection: Connection) -> None:
        self.count = 0
        self.driver: Any = connection.connection.driver_connection

    def __enter__(self) -> Self:
        self.driver.set_progress_handler(self.step, 1)
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.set_progress_handler(None, 1)

    def step(self) -> int:
        self.count += 1
        return 0


def cost(store: Store, act: Callable[[Connection], object]) -> int:
    """Of an act in a transaction that is not committed."""
    with store.writing.connect() as connection, Steps(connection) as steps:
        act(connection)
        connection.rollback()
    return steps.count


def claiming(connection: Connection) -> int:
    return len(claim_in(connection, NOW, 50))


@pytest.mark.parametrize("recipients", [1, 10, 10**6], ids=["one recipient", "ten recipients", "one each"])
def test_a_claim_costs_the_same_at_any_backlog(recipients: int, sqlite_store: Store) -> None:
    owe(sqlite_store, start(7))
    costs = []
    for many in (FEW, MANY):
        with sqlite_store.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM calls WHERE id > 1")
            connection.exec_driver_sql("UPDATE calls SET state = 'queued', owner = '', held_by = 0")
        crowd(sqlite_store, many, recipients)
        while recipients < FEW and rows(sqlite_store, UNHELD) != [(0,)]:
            claim(sqlite_store, 1)
        costs.append(cost(sqlite_store, claiming))
    assert costs[1] <= costs[0] * 1.3


def test_settling_costs_the_same_at_any_backlog(sqlite_store: Store) -> None:
    owe(sqlite_store, start(7))
    costs = []
    for many in (FEW, MANY):
        with sqlite_store.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM calls WHERE id > 1")
            connection.exec_driver_sql("UPDATE calls SET state = 'queued', owner = '', held_by = 0")
        crowd(sqlite_store, many)
        (call,) = claim(sqlite_store, 1)
        one = settlement(call)
        costs.append(cost(sqlite_store, lambda connection, one=one: calls.settle(connection, NOW, [one])))  # type: ignore[misc]  # bound at once
    assert costs[1] <= costs[0] * 1.3


@pytest.mark.parametrize(
    "wanted",
    [
        CallFilter(),
        CallFilter(account="main"),
        CallFilter(recipient="7"),
        CallFilter(rule="rare", source="shop"),
        CallFilter(rule="rare"),
        CallFilter(states=(State.CANCELLED, State.UNCERTAIN), account="main"),
    ],
    ids=str,
)
def test_a_page_of_calls_costs_the_same_at_any_backlog(wanted: CallFilter, sqlite_store: Store) -> None:
    owe(sqlite_store, start(7))
    costs = []
    for many in (FEW, MANY):
        with sqlite_store.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM calls WHERE id > 1")
        crowd(sqlite_store, many, 10)
        owe(sqlite_store, start(8, rule="rare"))
        costs.append(cost(sqlite_store, lambda connection: page_of_calls(connection, wanted, Page())))
    assert costs[1] <= costs[0] * 1.3


def buffers(store: Store) -> int:
    """How many pages PostgreSQL looks at to find what may be claimed."""
    statement = claims._CANDIDATES
    with store.transaction() as connection:
        explain = Statement(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.sql}")
        ((found,),) = explain.run(connection, account="main", now=NOW, many=100, resends=claims._ANY)
    top = found[0]["Plan"]
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_claim_reads_as_many_pages_at_any_backlog_on_postgres(store: Store) -> None:
    owe(store, start(7))
    found = []
    for many in (FEW, MANY):
        with store.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM calls WHERE id > 1")
        with store.migrating.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE calls")
        crowd(store, many, 10**6)
        with store.migrating.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE calls")
        found.append(buffers(store))
    assert found[1] <= found[0] * 1.3
    assert settle(store) == []
    assert rows(store, "SELECT count(*) FROM calls") == [(MANY + 1,)]


def test_the_end_of_a_long_past_costs_no_more_than_its_beginning(sqlite_store: Store) -> None:
    take_in(sqlite_store, *(sale(f"p{n}") for n in range(4000)))
    with sqlite_store.read() as connection:
        fitting = event_selection(connection, EventFilter(since=NOW))

    def after(number: int) -> int:
        return cost(sqlite_store, lambda connection: past_events(connection, fitting, number, 50))

    assert after(3900) <= after(10) * 1.5


@pytest.mark.parametrize(
    "wanted",
    [
        EventFilter(),
        EventFilter(source="crm"),
        EventFilter(result="failed"),
        EventFilter(result="unreadable", source="crm"),
        EventFilter(result="ignored"),
        EventFilter(source="crm", type="paid"),
        EventFilter(type="lead"),
        EventFilter(search="c1"),
        EventFilter(since=NOW, until=NOW + 1),
    ],
    ids=str,
)
def test_a_page_of_events_costs_the_same_after_any_number(wanted: EventFilter, sqlite_store: Store) -> None:
    costs = []
    take_in(sqlite_store, sale("c1", source="crm"), delivery(source="crm", unreadable=NOT_JSON))
    take_in(sqlite_store, sale("l1", type="lead"), delivery(ignored=PING))
    for many in (200, 4000):
        take_in(sqlite_store, *(sale(f"{many}-{n}") for n in range(many)))
        costs.append(cost(sqlite_store, lambda connection: page_of_events(connection, wanted, Page())))
    assert costs[1] <= costs[0] * 1.5


def waiting(store: Store, many: int) -> None:
    """So many copies of the first call, each waiting under a key of its own, and due one after another."""
    crowd(store, many, 10**6)
    with store.transaction() as connection:
        connection.exec_driver_sql(
            f"UPDATE calls SET state = 'waiting', errand = 'cart:' || id, due_at = {NOW} + 1000 * id, "
            "expires_at = 4611686018427387904 WHERE id > 1"
        )


ROUNDS: dict[str, Callable[[Connection], object]] = {
    "look": due_calls.view,
    "release nothing": lambda connection: release.release(connection, NOW),
    "release 500": lambda connection: release.release(connection, NOW + 600_000),
    "claim": claiming,
    "sweep": lambda connection: sweep.sweep(connection, NOW),
    "start of an errand": lambda connection: accept(connection, NOW, [sale("new", later(key="cart:77"))]),
    "cancel": lambda connection: accept(connection, NOW, [paid("paid", cancel("cart:77", lasts=60))]),
    "add to what all have": lambda connection: accept(
        connection, NOW, [sale("new", later(key="all", again="add"))]
    ),
    "keep among all": lambda connection: accept(
        connection, NOW, [sale("new", later(rule="sold", key="all", again="keep"))]
    ),
    "replace among all of another rule": lambda connection: accept(
        connection, NOW, [sale("new", later(key="all", again="replace"))]
    ),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", list(ROUNDS))
def test_any_number_of_waiting_calls_costs_nothing_more(name: str, sqlite_store: Store) -> None:
    owe(sqlite_store, start(7))
    costs = []
    for many in (FEW, 100 * FEW):
        with sqlite_store.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM calls WHERE id > 1")
        waiting(sqlite_store, many)
        if "all" in name:
            with sqlite_store.transaction() as connection:
                connection.exec_driver_sql("UPDATE calls SET errand = 'all'")
        costs.append(cost(sqlite_store, ROUNDS[name]))
    assert costs[1] <= costs[0] * 1.3


@pytest.mark.thorough
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_any_number_of_waiting_calls_is_read_by_their_indexes_on_postgres(store: Store) -> None:
    owe(store, start(7))
    waiting(store, 100 * FEW)
    with store.migrating.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE calls")
    for name in ("account views", "due", "errands"):
        statement, parameters, indexes = statements()[name]
        with store.transaction() as connection:
            found = plan(connection, statement, parameters)
        assert "Seq Scan on calls" not in found
        assert {"calls_waiting", "calls_by_errand"} & indexes <= {one for one in indexes if one in found}
    with store.transaction() as connection:
        keys = (["main"] * 3, ["cart:7", "cart:8", "cart:9"], [""] * 3, [""] * 3, [""] * 3, ["all"] * 3)
        explained = driver_of(connection).execute(f"EXPLAIN {errand_rows._WANTED._from_arrays}", keys)
        found = str(explained.fetchall())
    assert "calls_by_errand" in found
    assert "Seq Scan on calls" not in found
