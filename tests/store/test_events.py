from __future__ import annotations

from bridge.store.engine import Store
from bridge.store.events import Stored
from tests.store.given import rows, sale, start, take_in


def test_an_event_and_its_calls_are_stored_together(store: Store) -> None:
    assert take_in(store, sale("p1", start(7), start(8, item=1))) == [(Stored(1, False, 2),)]
    assert rows(store, "SELECT id, delivery, source, key, result FROM events") == [
        (1, 1, "shop", "p1", "matched")
    ]
    assert rows(store, "SELECT id, event_id, state, recipient FROM calls ORDER BY id") == [
        (1, 1, "queued", "subscriber:7"),
        (2, 1, "queued", "subscriber:8"),
    ]
