from __future__ import annotations

from bridge.reasons.reason import recorded
from bridge.store.db.engine import Store
from bridge.store.inbox import refusals
from bridge.store.inbox.refusals import BODY_BYTES, KEPT, KeptRefusal, Refusal
from bridge.store.reports.pagination import Page
from tests.store.given import NOW, request, rows


def refused(source: str = "shop", number: int = 1, body: bytes = b"{}") -> Refusal:
    return Refusal(source, NOW + number, 401, "signature", recorded(f"it differs {number}"), request(body))


def keep(store: Store, *items: Refusal) -> None:
    with store.transaction() as connection:
        refusals.refuse(connection, store.now(connection), items)


def recent(store: Store, source: str | None = None, limit: int = 50) -> tuple[KeptRefusal, ...]:
    with store.read() as connection:
        return refusals.recent(connection, source, limit)


def test_a_refusal_is_stored_as_received(store: Store) -> None:
    keep(store, refused(body=b"\x00\xff"))
    assert recent(store) == (KeptRefusal(1, refused(body=b"\x00\xff"), 2),)


def test_a_long_body_is_cut_and_its_size_kept(store: Store) -> None:
    keep(store, refused(body=b"x" * (BODY_BYTES + 1)))
    (found,) = recent(store)
    assert (len(found.refusal.request.body), found.body_size) == (BODY_BYTES, BODY_BYTES + 1)


def test_the_last_two_hundred_of_each_source_are_kept(store: Store) -> None:
    keep(store, *(refused("shop", n) for n in range(KEPT)))
    keep(store, refused("crm", 1), refused("shop", KEPT), refused("shop", KEPT + 1))
    assert rows(
        store,
        "SELECT source, count(*), min(received_at), max(received_at) FROM refusals "
        "GROUP BY source ORDER BY source",
    ) == [
        ("crm", 1, NOW + 1, NOW + 1),
        ("shop", KEPT, NOW + 2, NOW + KEPT + 1),
    ]


def test_a_flood_in_one_transaction_is_bounded_too(store: Store) -> None:
    keep(store, *(refused("shop", n) for n in range(KEPT * 3)))
    assert rows(store, "SELECT count(*) FROM refusals") == [(KEPT,)]


def test_the_newest_are_shown_first(store: Store) -> None:
    keep(store, refused("shop", 1), refused("crm", 2), refused("shop", 3))
    assert [one.refusal.received_at - NOW for one in recent(store)] == [3, 2, 1]
    assert [one.refusal.received_at - NOW for one in recent(store, "shop", 1)] == [3]


def test_refusals_are_listed_a_page_at_a_time(store: Store) -> None:
    keep(store, *(refused("shop" if n % 2 else "crm", n) for n in range(1, 8)))
    with store.read() as connection:
        first = refusals.page_of_refusals(connection, Page(limit=2), "shop")
        second = refusals.page_of_refusals(connection, Page(first.more, 5), "shop")
        every = refusals.page_of_refusals(connection, Page(limit=3))
    assert ([one.id for one in first.items], first.more) == ([7, 5], 5)
    assert ([one.id for one in second.items], second.more) == ([3, 1], None)
    assert [one.id for one in every.items] == [7, 6, 5]
