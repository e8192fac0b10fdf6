from __future__ import annotations

import pytest

from bridge.operations.authoring.backtest import Sides, run
from bridge.store.db.engine import Store
from bridge.store.reports.event_views import EventFilter
from tests.operations.given import SHOP, came, end, order, shop

EDITED = SHOP.replace("{gte: 100}", "{gte: 300}")


@pytest.fixture
def sales(store: Store) -> Store:
    """Eight orders of 100, 150, 200 … 450."""
    for number in range(8):
        came(store, order(id=f"o-{number}", amount=100 + 50 * number, subscriber=number + 1))
    return store


def test_edited_rules_are_compared_with_the_current_ones(sales: Store) -> None:
    found = run(sales, EventFilter(), 100, Sides({"shop": shop(EDITED)}, {"shop": shop()}))
    assert (found.events, found.differing) == (8, 4)
    assert (found.total.before, found.total.after, found.total.kinds["lost"]) == (8, 4, 4)


def test_without_current_rules_they_are_compared_with_what_was_called(sales: Store) -> None:
    end(sales, "done")
    found = run(sales, EventFilter(), 100, Sides({"shop": shop(EDITED)}, None))
    assert (found.differing, found.total.kinds["lost"]) == (4, 4)


def test_of_many_events_only_the_newest_are_read(sales: Store) -> None:
    found = run(sales, EventFilter(), 5, Sides({"shop": shop(EDITED)}, {"shop": shop()}))
    assert (found.events, found.differing) == (5, 1)


def test_only_events_of_edited_sources_are_read(sales: Store) -> None:
    found = run(sales, EventFilter(), 100, Sides({"other": shop(EDITED)}, {}))
    assert found.events == 0


def test_sides_are_the_same_only_where_every_edited_file_is_the_one_in_use() -> None:
    edited, current = shop(EDITED), shop()
    assert Sides({"shop": current}, {"shop": current, "other": edited}).same
    assert not Sides({"shop": edited}, {"shop": current}).same
    assert not Sides({"shop": current}, {}).same
    assert not Sides({"shop": current}, None).same
