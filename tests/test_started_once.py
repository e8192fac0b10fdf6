"""Nobody is messaged twice by what people do between a webhook and its repeat, on each database."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.assemble.former_identities import FormerIds
from bridge.errors import BridgeError
from bridge.intake import BUSY
from bridge.operations.repeats import take
from bridge.operations.replay import Applied, Replay, Replayer, Unreplayable
from bridge.operations.replay_many import plan_all, replay_all
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store
from bridge.store.db.tables import calls
from bridge.store.queue import decisions
from bridge.store.queue.decisions import Decider
from bridge.store.reports import repeat_views
from tests.conftest import Clock
from tests.store.given import request, rows
from tests.support.asgi import received
from tests.test_repeats import CHANGED, ORDER, SOURCE, Shop

BY = Decider("anna", "looked")
UNKNOWN = "source: shop\nprofile: json\nverify: none\n"
"""As Connect leaves it until its mapping is saved."""


@pytest.fixture
def shops(store: Store, tmp_path: Path, clock: Clock) -> Iterator[Callable[[str], Shop]]:
    made: list[Shop] = []

    def make(source: str, folder: str = "one") -> Shop:
        (tmp_path / folder).mkdir()
        made.append(Shop(store, tmp_path / folder, clock, source))
        return made[-1]

    yield make
    for one in made:
        one.writer.close()


def replay(shop: Shop, number: int, *, again: bool = False) -> Replay:
    """Replay it, after a plan that says the same."""
    replayer = Replayer(shop.rules.current.sources, BY, again=again)
    (planned,) = plan_all(shop.store, replayer, [number])
    (done,) = replay_all(shop.store, replayer, [number], lambda: None)
    assert done == planned
    return done


def taken(shop: Shop, number: int) -> None:
    with shop.store.transaction() as connection:
        take(connection, shop.store.now(connection), shop.rules.current.sources, number, BY)


def without_rules(shop: Shop, source: str) -> None:
    """Put a source without any rule into use."""
    shop.file.write_text(source)
    assert shop.rules.refresh()
    shop.former.update(shop.rules.current)


@pytest.mark.parametrize("waited", [0, 1_000])
@pytest.mark.parametrize("came_again", [{}, {"attempt": 2}])
def test_a_webhook_that_comes_again_after_its_replay_starts_nothing(
    shops: Callable[[str], Shop], came_again: dict[str, Any], waited: int
) -> None:
    shop = shops(UNKNOWN)
    without_rules(shop, UNKNOWN)
    shop.send(ORDER)
    shop.send(ORDER)
    shop.edit(SOURCE)
    assert replay(shop, 1).calls == 1
    shop.time.advance(waited)
    shop.send({**ORDER, **came_again})
    assert shop.starts() == [("created", "subscriber:7")]
    assert [event for event, _, _ in shop.repeats()] == [1, 1]


def test_a_webhook_whose_repeat_made_the_call_is_not_replayed(shops: Callable[[str], Shop]) -> None:
    shop = shops(UNKNOWN)
    without_rules(shop, UNKNOWN)
    shop.send(ORDER)
    shop.edit(SOURCE)
    shop.send({**ORDER, "attempt": 2})
    why = Reason(ErrorCode.IS_REPEAT, id="order-7", number=2)
    assert replay(shop, 1) == Unreplayable(1, why)
    assert shop.starts() == [("created", "subscriber:7")]
    assert replay(shop, 1, again=True).calls == 1


def test_of_two_webhooks_with_one_id_one_is_replayed(shops: Callable[[str], Shop]) -> None:
    shop = shops(UNKNOWN)
    without_rules(shop, UNKNOWN)
    for attempt in range(3):
        shop.send({**ORDER, "attempt": attempt})
    shop.edit(SOURCE)
    first, *others = replay_all(shop.store, Replayer(shop.rules.current.sources, BY), [1, 2, 3], lambda: None)
    assert isinstance(first, Applied)
    assert [type(one) for one in others] == [Unreplayable, Unreplayable]
    assert shop.starts() == [("created", "subscriber:7")]


def test_two_people_who_replay_two_webhooks_of_one_id_at_once_make_one_call(
    shops: Callable[[str], Shop],
) -> None:
    shop = shops(UNKNOWN)
    without_rules(shop, UNKNOWN)
    for attempt in range(4):
        shop.send({**ORDER, "attempt": attempt})
    shop.edit(SOURCE)
    barrier = threading.Barrier(4)

    def one(number: int) -> None:
        replayer = Replayer(shop.rules.current.sources, BY)
        barrier.wait()
        list(replay_all(shop.store, replayer, [number], lambda: None))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.starts() == [("created", "subscriber:7")]


def test_an_id_that_came_again_after_its_span_is_replayed(shops: Callable[[str], Shop]) -> None:
    shop = shops(UNKNOWN)
    without_rules(shop, UNKNOWN)
    shop.send(ORDER)
    shop.time.advance(7_200)
    shop.send({**ORDER, "attempt": 2})
    shop.edit(SOURCE + "dedup: {within: 1h}\n")
    assert [replay(shop, number).calls for number in (1, 2)] == [1, 1]


def test_an_unreadable_webhook_is_no_second_event_where_changed_content_is_new(
    shops: Callable[[str], Shop],
) -> None:
    webhook = request(json.dumps(ORDER).encode(), query="", headers=())
    shop = shops("source: shop\nverify: none\nbody: xml\n")
    received(shop.intake, "shop", webhook)
    assert rows(shop.store, "SELECT result FROM events") == [("unreadable",)]
    shop.edit(SOURCE + "dedup: {changed: new}\n")
    received(shop.intake, "shop", webhook)
    list(replay_all(shop.store, Replayer(shop.rules.current.sources, BY), [1], lambda: None))
    assert shop.starts() == [("created", "subscriber:7")]


def test_a_repeat_that_came_twice_is_taken_once(shops: Callable[[str], Shop]) -> None:
    shop = shops(SOURCE)
    shop.send(ORDER)
    for more in ({}, {}, {"attempt": 2}):
        shop.send({**ORDER, "who": 8, **more})
    taken(shop, 1)
    with pytest.raises(BridgeError, match="repeat 2 is event 5 already"):
        taken(shop, 2)
    with pytest.raises(BridgeError, match="repeat 3 would start the same as event 5, which has the same id"):
        taken(shop, 3)
    shop.send({**ORDER, "who": 8})
    assert shop.starts() == [("created", "subscriber:7"), ("created", "subscriber:8")]
    with shop.store.read() as connection:
        (problem,) = repeat_views.ambiguous(connection, shop.time.ms)
    assert problem.count == 2


@pytest.mark.parametrize("mended", [SOURCE + "dedup: {changed: new}\n", CHANGED])
def test_a_repeat_that_became_an_event_by_itself_is_not_taken(
    shops: Callable[[str], Shop], mended: str
) -> None:
    shop = shops(SOURCE)
    shop.send(ORDER)
    shop.send({**ORDER, "sum": 20})
    shop.edit(mended)
    shop.send({**ORDER, "sum": 20})
    assert len(shop.starts()) == 2
    with pytest.raises(BridgeError, match="would start the same as event"):
        taken(shop, 1)
    assert len(shop.starts()) == 2


@pytest.mark.parametrize("mended", [SOURCE + "dedup: {changed: new}\n", CHANGED])
def test_a_repeat_that_was_taken_starts_nothing_when_it_comes_again(
    shops: Callable[[str], Shop], mended: str
) -> None:
    shop = shops(SOURCE)
    shop.send(ORDER)
    shop.send({**ORDER, "sum": 20})
    taken(shop, 1)
    shop.edit(mended)
    shop.send({**ORDER, "sum": 20})
    shop.send(ORDER)
    assert len(shop.starts()) == 2


def test_two_people_who_take_what_came_twice_at_once_make_one_event(shops: Callable[[str], Shop]) -> None:
    shop = shops(SOURCE)
    shop.send(ORDER)
    for _ in range(2):
        shop.send({**ORDER, "who": 8})
    barrier, refused = threading.Barrier(2), []

    def taking(number: int) -> None:
        barrier.wait()
        try:
            taken(shop, number)
        except BridgeError as error:
            refused.append(error.message)

    threads = [threading.Thread(target=taking, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shop.starts()) == 2
    assert [message.partition(" is ")[2] for message in refused] == [f"event {_last(shop)} already"]


def _last(shop: Shop) -> int:
    ((number,),) = rows(shop.store, "SELECT max(id) FROM events")
    return int(number)


@pytest.mark.parametrize("before", [SOURCE, UNKNOWN])
def test_a_process_that_has_not_reloaded_knows_what_one_that_has_took_in(
    shops: Callable[..., Shop], before: str
) -> None:
    slow, quick = shops(before), shops(before, "two")
    quick.edit(CHANGED)
    quick.send(ORDER)
    slow.send(ORDER)
    quick.send(ORDER)
    assert [event for event, _, _ in quick.repeats()] == [1, 1]
    quick.send({**ORDER, "sum": 20})
    assert len(rows(quick.store, "SELECT id FROM events")) == 2


def test_a_set_in_use_before_its_former_ids_are_noted_knows_them(shops: Callable[[str], Shop]) -> None:
    shop = shops(SOURCE)
    shop.send(ORDER)
    shop.file.write_text(shop.file.read_text().replace("id: $.id,", "id: [$.id, $.sum],"))
    assert shop.rules.refresh()
    shop.send(ORDER)
    assert shop.starts() == [("created", "subscriber:7")]


def test_nothing_is_accepted_before_former_ids_are_known(shops: Callable[[str], Shop]) -> None:
    shop = shops(SOURCE)
    shop.intake.former = FormerIds(shop.store).of
    assert shop.send(ORDER) == BUSY
    assert rows(shop.store, "SELECT id FROM events") == []


def test_where_repeats_are_welcome_former_ids_make_none(shops: Callable[[str], Shop]) -> None:
    shop = shops(SOURCE)
    shop.send(ORDER)
    shop.edit(CHANGED)
    shop.edit(CHANGED + "dedup: none\n")
    shop.send(ORDER)
    assert len(shop.starts()) == 2


def test_a_call_that_was_replayed_under_a_new_name_is_not_sent_again(shops: Callable[[str], Shop]) -> None:
    shop = shops(SOURCE)
    shop.send(ORDER)
    with shop.store.transaction() as connection:
        connection.execute(calls.update().values(state="refused"))
    shop.file.write_text(shop.file.read_text().replace("name: created", "name: renamed"))
    assert shop.rules.refresh()
    assert replay(shop, 1).calls == 1
    with (
        pytest.raises(BridgeError, match="call 1 was sent again already, as call 2"),
        shop.store.transaction() as connection,
    ):
        decisions.send_again(connection, shop.store.now(connection), 1, BY)
    (as_they_were,) = plan_all(shop.store, Replayer({}, BY, "original"), [1])
    assert as_they_were.calls == 0
    assert shop.starts() == [("created", "subscriber:7"), ("renamed", "subscriber:7")]
