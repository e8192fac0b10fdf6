from __future__ import annotations

from bridge.store.db.engine import Store
from bridge.store.reports.sources import last_received
from tests.store.given import NOT_JSON, NOW, PING, delivery, sale, start, take_in


def heard(store: Store) -> dict[str, int]:
    with store.read() as connection:
        return last_received(connection)


def test_an_empty_store_has_no_sources(store: Store) -> None:
    assert heard(store) == {}


def test_each_source_is_known_by_its_newest_event(store: Store) -> None:
    take_in(store, sale("a", start()), delivery(source="crm", ignored=PING, received_at=NOW + 1))
    take_in(store, delivery(source="Яндекс", unreadable=NOT_JSON, received_at=NOW + 2))
    take_in(store, delivery(source="crm", ignored=PING, received_at=NOW + 3))
    assert heard(store) == {"shop": NOW, "crm": NOW + 3, "Яндекс": NOW + 2}
