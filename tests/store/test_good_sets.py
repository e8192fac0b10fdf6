from __future__ import annotations

from bridge.store import good_sets
from bridge.store.engine import Store
from tests.conftest import Clock

FILES = {"mappings/shop.yml": b"source: shop\nsecret: ${SHOP_SECRET}\n", "mappings/\xd1.yml": "я: 1".encode()}


def test_nothing_was_kept_in_a_new_store(store: Store) -> None:
    assert good_sets.kept(store) is None


def test_a_set_is_kept_with_its_time_until_another_takes_its_place(store: Store, clock: Clock) -> None:
    since = clock.ms
    good_sets.keep(store, FILES)
    clock.advance(60)
    good_sets.keep(store, dict(FILES))
    assert good_sets.kept(store) == good_sets.KeptSet(since, FILES)
    fewer = {"mappings/shop.yml": b"source: shop\n"}
    good_sets.keep(store, fewer)
    assert good_sets.kept(store) == good_sets.KeptSet(clock.ms, fewer)
