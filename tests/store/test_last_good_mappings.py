from __future__ import annotations

from bridge.store.db.engine import Store
from bridge.store.state import last_good_mappings
from tests.conftest import Clock

FILES = {"mappings/shop.yml": b"source: shop\nsecret: ${SHOP_SECRET}\n", "mappings/\xd1.yml": "я: 1".encode()}


def test_nothing_was_kept_in_a_new_store(store: Store) -> None:
    assert last_good_mappings.kept(store) is None


def test_a_set_is_kept_with_its_time_until_another_takes_its_place(store: Store, clock: Clock) -> None:
    since = clock.ms
    last_good_mappings.keep(store, FILES)
    clock.advance(60)
    last_good_mappings.keep(store, dict(FILES))
    assert last_good_mappings.kept(store) == last_good_mappings.KeptSet(since, FILES)
    fewer = {"mappings/shop.yml": b"source: shop\n"}
    last_good_mappings.keep(store, fewer)
    assert last_good_mappings.kept(store) == last_good_mappings.KeptSet(clock.ms, fewer)
