from __future__ import annotations

from typing import Any

import pytest

from bridge.model import Recipient
from bridge.store.db.engine import Store
from bridge.store.reports import pagination, search
from bridge.store.reports.event_views import EventFilter, EventLine
from bridge.store.reports.pagination import Listing, Page
from bridge.store.reports.search import ExactMatches
from tests.store.given import NOW, delivery, event, made, owe, sale, start, take_in


def named(store: Store, text: str) -> ExactMatches:
    with store.read() as connection:
        return search.exact_matches(connection, text)


def in_payloads(store: Store, before: int | None = None, **wanted: Any) -> Listing[EventLine]:
    with store.read() as connection:
        return search.in_payloads(connection, EventFilter(**wanted), Page(before))


def test_a_number_names_an_event_a_call_and_a_subscriber(store: Store) -> None:
    owe(store, start(71), start(2), start(72))
    found = named(store, " 2 ")
    assert found.event
    assert found.call
    assert (found.event.id, found.call.id, found.recipients) == (2, 2, ("subscriber:2",))
    assert (found.event.calls[0][0], found.call.start.recipient.key) == (2, "subscriber:2")


def test_a_senders_id_names_its_events_newest_first(store: Store) -> None:
    take_in(store, sale("c-77"), sale("other"), sale("c-77", source="crm"))
    assert [one.id for one in named(store, "c-77").keyed] == [3, 1]


def test_a_key_and_a_messengers_user_name_a_recipient(store: Store) -> None:
    owe(store, start(recipient=Recipient(user_id="u/5", channel_id="12")), start(7))
    assert named(store, "u/5").recipients == ("messenger:12/u%2F5",)
    assert named(store, "messenger:12/u%2F5").recipients == ("messenger:12/u%2F5",)
    assert named(store, "subscriber:7").recipients == ("subscriber:7",)


@pytest.mark.parametrize("text", ["", " ", "999", "nobody", "9" * 30, "²", "a\x00b", "subscriber:", "%"])
def test_what_nothing_is_called_names_nothing(store: Store, text: str) -> None:
    owe(store, start(7))
    assert named(store, text) == ExactMatches()


def test_payloads_are_searched_newest_first_and_with_the_rest_of_the_filter(store: Store) -> None:
    take_in(
        store,
        sale("p1", document={"phone": "+7 (916) 123-45-67"}),
        sale("p2", document={"phone": "79161234567"}, source="crm"),
        sale("p3", document={"phone": "79161234568"}),
    )
    assert [one.id for one in in_payloads(store, search="8 916 123 45 67").items] == [2, 1]
    assert [one.id for one in in_payloads(store, search="89161234567", source="shop").items] == [1]
    assert [one.id for one in in_payloads(store, search="p3").items] == [3]


def test_a_search_returns_how_far_it_got_and_continues_from_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "SEARCHED", 10)
    monkeypatch.setattr(pagination, "STEP", 4)
    monkeypatch.setattr(pagination, "PATIENCE_S", 60)
    take_in(
        store,
        *(
            delivery((event(f"p{n}", document={"n": f"{n}!"}), made()), received_at=NOW + n)
            for n in range(1, 26)
        ),
    )
    first = in_payloads(store, search="3!")
    assert ([one.id for one in first.items], first.more, first.reached_at) == ([23], 16, NOW + 16)
    second = in_payloads(store, first.more, search="3!")
    assert ([one.id for one in second.items], second.more, second.reached_at) == ([13], 6, NOW + 6)
    third = in_payloads(store, second.more, search="3!")
    assert ([one.id for one in third.items], third.more, third.reached_at) == ([3], None, None)
