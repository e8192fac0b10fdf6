"""Statements on the driver's own cursor raise SQLAlchemy's errors, and say nothing of their parameters."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from bridge.errors import StoreUnavailable
from bridge.store.db.dialects import Statement
from bridge.store.db.driver import driver_of
from bridge.store.db.engine import Store
from tests.store.given import rows

MAKE = Statement("INSERT INTO pauses VALUES (:source, '', 0, '', '')")
COUNT = Statement("SELECT count(*) AS many FROM pauses")


def make_twice(store: Store) -> None:
    with store.transaction() as connection:
        for _ in range(2):
            MAKE.run(connection, source="canary")


def use_closed(store: Store) -> None:
    with store.transaction() as connection:
        driver_of(connection).close()
        COUNT.run(connection)


def test_an_error_is_sqlalchemys_and_hides_the_parameters(store: Store) -> None:
    with pytest.raises(IntegrityError) as caught:
        make_twice(store)
    assert "INSERT INTO pauses" in str(caught.value)
    assert "canary" not in str(caught.value).partition("DETAIL")[0]
    assert rows(store, "SELECT * FROM pauses") == []


def test_a_read_is_one_snapshot(sqlite_store: Store) -> None:
    with sqlite_store.read() as reading:
        before = COUNT.run(reading)[0].many
        with sqlite_store.transaction() as connection:
            assert MAKE.change(connection, source="shop") == 1
        assert COUNT.run(reading)[0].many == before
    assert rows(sqlite_store, "SELECT source FROM pauses") == [("shop",)]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_broken_connection_leaves_the_pool(store: Store) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        use_closed(store)
    assert isinstance(caught.value.__cause__, OperationalError)
    assert caught.value.__cause__.connection_invalidated
    assert rows(store, "SELECT count(*) FROM pauses") == [(0,)]
