from __future__ import annotations

import pytest

from bridge.reasons.actions import ActionCode
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import to_text
from bridge.store.db.engine import Store
from bridge.store.reports import audit, pagination
from bridge.store.reports.audit import Action, Kind
from bridge.store.reports.pagination import Listing, Page
from tests.store.given import NOW


def decided(store: Store, *actions: tuple[str, Kind, int]) -> None:
    with store.transaction() as connection:
        for at, (who, kind, target) in enumerate(actions):
            audit.record(
                connection, NOW + at, who=who, what=Reason(ActionCode.PAUSE), why="", kind=kind, target=target
            )


def page(store: Store, page: Page, who: str | None = None, kind: Kind | None = None) -> Listing[Action]:
    with store.read() as connection:
        return audit.page_of_actions(connection, page, who, kind)


def test_decisions_are_listed_newest_first_a_page_at_a_time(store: Store) -> None:
    decided(store, *(("ann", "call", n) for n in range(5)))
    first = page(store, Page(limit=2))
    assert ([one.id for one in first.items], first.more) == ([5, 4], 4)
    assert [one.id for one in page(store, Page(4, 10)).items] == [3, 2, 1]


def test_decisions_can_be_those_of_one_person_or_about_one_kind_of_thing(store: Store) -> None:
    decided(store, ("ann", "call", 1), ("bob", "call", 2), ("ann", "event", 3))
    assert [one.id for one in page(store, Page(), "ann").items] == [3, 1]
    assert [one.id for one in page(store, Page(), kind="call").items] == [2, 1]
    assert [one.id for one in page(store, Page(), "bob", "event").items] == []


def test_decisions_of_one_person_among_many_are_searched_in_bounded_steps(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "SEARCHED", 10)
    decided(store, ("ann", "call", 1), *(("bob", "call", n) for n in range(24)))
    found = page(store, Page(), "ann")
    assert (found.items, found.more, found.reached_at) == ((), 16, NOW + 15)


def test_decisions_about_several_things_come_in_their_order(store: Store) -> None:
    decided(store, ("ann", "call", 1), ("bob", "event", 1), ("ann", "call", 3), ("ann", "call", 2))
    with store.read() as connection:
        assert [one.id for one in audit.of(connection, "call", 2, 1)] == [1, 4]
        assert audit.of(connection, "call") == ()


def test_why_is_a_persons_text_also_if_it_looks_like_json_or_the_bridges_reason(store: Store) -> None:
    reason = Reason(CallCode.RENEWED)
    look_alike = to_text(reason)
    with store.transaction() as connection:
        for who, why in (("anna", look_alike), (audit.BRIDGE, reason), ("anna", ""), (audit.BRIDGE, "")):
            audit.record(
                connection, 1, who=who, what=Reason(ActionCode.RESUME), why=why, kind="account", target="main"
            )
    with store.read() as connection:
        found = audit.of(connection, "account", "main")
    assert [one.why for one in found] == [look_alike, reason, "", ""]
    assert [one.by for one in found[:2]] == ["anna", Reason(CallCode.BRIDGE)]
