from __future__ import annotations

from bridge.store.db.engine import Store
from bridge.store.inbox import replays
from bridge.store.inbox.replays import Asked
from bridge.store.queue import decisions
from bridge.store.queue.decisions import Decider
from bridge.store.reports.pagination import Page
from bridge.store.reports.recipient_history import History, history
from bridge.text.render import english
from tests.store.given import NOW, made, owe, sale, start, take_in

BY = Decider("ann", "because")


def of(store: Store, recipient: str, page: Page | None = None) -> History:
    with store.read() as connection:
        return history(connection, recipient, page or Page())


def test_all_that_happened_to_a_recipient_is_on_one_page(store: Store) -> None:
    take_in(store, sale("p1", start(7), start(8, item=1)), sale("p2", start(8)))
    owe(store, start(7, rule="later"))
    with store.transaction() as connection:
        decisions.cancel(connection, NOW, 1, BY)
        replays.replay(connection, NOW, 1, made(start(7)), "v2", BY, Asked(again=True))
        decisions.cancel(connection, NOW, 3, Decider("bob"))
    found = of(store, "7")
    assert [call.id for call in found.calls.items] == [5, 4, 1]
    assert [line.id for line in found.events] == [3, 1]
    assert [(english(one.what), one.target) for one in found.actions] == [("cancel", "1"), ("replay", "1")]
    assert of(store, "subscriber:7") == found


def test_a_long_history_comes_in_pages(store: Store) -> None:
    owe(store, *(start(7) for _ in range(5)))
    first = of(store, "7", Page(limit=2))
    assert [call.id for call in first.calls.items] == [5, 4]
    second = of(store, "7", Page(first.calls.more, 2))
    assert [call.id for call in second.calls.items] == [3, 2]
    assert [line.id for line in second.events] == [3, 2]


def test_a_stranger_has_no_history(store: Store) -> None:
    assert of(store, "subscriber:9").calls.items == ()
    assert (of(store, "9").events, of(store, "9").actions) == ((), ())
