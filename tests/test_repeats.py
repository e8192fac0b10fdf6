"""What a webhook that comes again causes, from its bytes to its answer, on each database."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bridge.assemble.former_identities import FormerIds
from bridge.errors import BridgeError
from bridge.model import Reply
from bridge.operations.repeats import Taking, take
from bridge.store.db.engine import Store, open_store
from bridge.store.inbox.purge import purge
from bridge.store.queue.decisions import Decider
from bridge.store.reports import repeat_views
from bridge.store.reports.pagination import Page
from tests.conftest import Clock
from tests.store.given import request, rows
from tests.support.asgi import received
from tests.support.statements import noted
from tests.test_intake import Receiver

DAY = 86_400
SOURCE = """
source: shop
verify: none
event: {id: $.id, type: $.type}
"""
RULES = """
rules:
  - name: created
    when: {$event.type: created}
    start:
      bot_id: 1
      subscriber_id: $.who
      variables: {sum: {path: $.sum, default: "-"}, at: $event.received_at}
  - name: paid
    when: {$event.type: paid}
    start: {bot_id: 2, subscriber_id: $.who}
"""
ORDER = {"id": "order-7", "type": "created", "who": 7, "sum": 10}


class Shop(Receiver):
    """A source whose webhooks come one a second."""

    def __init__(self, store: Store, folder: Path, clock: Clock, source: str = SOURCE) -> None:
        self.former = FormerIds(store)
        super().__init__(store, folder, source + RULES, clock=clock, former=self.former.of)
        self.former.update(self.rules.current)
        self.time, self.file = clock, folder / "mappings" / "shop.yml"

    def edit(self, source: str) -> None:
        """Put another source into use."""
        self.file.write_text(source + RULES)
        assert self.rules.refresh()
        self.former.update(self.rules.current)

    def send(self, document: Any, client: str = "203.0.113.7") -> Reply:
        self.time.advance(1)
        return received(self.intake, "shop", request(json.dumps(document).encode(), query="", client=client))

    def repeats(self) -> list[tuple[int, int, str]]:
        """Event, number and difference of each, oldest first."""
        with self.store.read() as connection:
            found = repeat_views.page_of_repeats(connection, Page(limit=1000)).items
        return [(one.event_id, one.number, one.difference) for one in reversed(found)]

    def starts(self) -> list[tuple[Any, ...]]:
        return rows(self.store, "SELECT rule, recipient FROM calls ORDER BY id")


@pytest.fixture
def shops(store: Store, tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Shop]]:
    made: list[Shop] = []

    def make(more: str = "") -> Shop:
        made.append(Shop(store, tmp_path, clock, SOURCE + more))
        return made[-1]

    yield make
    for one in made:
        one.writer.close()


def test_an_order_created_and_the_same_order_paid_are_two_events(shops: Callable[..., Shop]) -> None:
    shop = shops()
    shop.send(ORDER)
    shop.send({**ORDER, "type": "paid"})
    assert shop.starts() == [("created", "subscriber:7"), ("paid", "subscriber:7")]


def test_a_repeat_is_stored_with_when_and_where_it_came_from(shops: Callable[..., Shop]) -> None:
    shop = shops()
    shop.send(ORDER)
    shop.send(ORDER, client="198.51.100.9")
    with shop.store.read() as connection:
        (one,) = repeat_views.of_event(connection, 1)
    assert (one.number, one.difference, one.client) == (1, "none", "198.51.100.9")
    assert one.received_at == shop.time.ms
    assert one.request is None
    assert shop.starts() == [("created", "subscriber:7")]


def test_other_content_is_compared_by_what_the_rules_make_of_it(shops: Callable[..., Shop]) -> None:
    shop = shops()
    shop.send(ORDER)
    shop.send({**ORDER, "attempt": 2})
    shop.send({**ORDER, "who": 8})
    shop.send({**ORDER, "who": None})
    assert shop.repeats() == [(1, 1, "content"), (1, 2, "outcome"), (1, 3, "outcome")]
    assert shop.starts() == [("created", "subscriber:7")]
    with shop.store.read() as connection:
        counter, other, _ = repeat_views.of_event(connection, 1)
    assert counter.request is not None
    assert other.request is not None
    assert json.loads(other.request.body)["who"] == 8


def test_an_edited_rule_is_no_difference_between_an_event_and_its_repeat(
    shops: Callable[..., Shop], tmp_path: Path
) -> None:
    shop = shops()
    shop.send(ORDER)
    (tmp_path / "mappings" / "shop.yml").write_text((SOURCE + RULES).replace("bot_id: 1", "bot_id: 11"))
    assert shop.rules.refresh()
    shop.send({**ORDER, "attempt": 2})
    assert shop.repeats() == [(1, 1, "content")]


def test_what_the_owner_ignores_is_no_other_content(shops: Callable[..., Shop]) -> None:
    shop = shops("dedup: {ignore: [$.sum, $.meta.sent, '$.tries[0]']}\n")
    shop.send({**ORDER, "meta": {"sent": 1, "by": "x"}, "tries": [1, 2]})
    shop.send({**ORDER, "sum": 99, "meta": {"sent": 2, "by": "x"}, "tries": [3, 2]})
    shop.send({**ORDER, "meta": {"sent": 2, "by": "y"}, "tries": [3, 2]})
    assert shop.repeats() == [(1, 1, "none"), (1, 2, "content")]


def test_where_changed_content_is_new_a_counter_is_none_and_another_sum_is(
    shops: Callable[..., Shop],
) -> None:
    shop = shops("dedup: {changed: new}\n")
    for document in (ORDER, {**ORDER, "attempt": 2}, {**ORDER, "sum": 20}, {**ORDER, "sum": 20}, ORDER):
        shop.send(document)
    shop.send({**ORDER, "type": "note", "text": "a"})
    shop.send({**ORDER, "type": "note", "text": "b"})
    assert len(shop.starts()) == 2
    assert shop.repeats() == [(1, 1, "content"), (3, 1, "none"), (1, 2, "none")]
    assert rows(shop.store, "SELECT count(*) FROM events WHERE type = 'note'") == [(2,)]


def test_a_repeat_gets_the_bytes_of_the_first_reply(shops: Callable[..., Shop]) -> None:
    shop = shops("reply: {body: 'OK {$event.received_at} Ё', type: text/html}\n")
    first = shop.send(ORDER)
    assert shop.send(ORDER) == first
    assert shop.send({**ORDER, "who": 9}) == first
    assert shop.send({**ORDER, "id": "order-8"}) != first


def test_an_edited_reply_is_not_sent_to_a_repeat_of_a_webhook_that_heard_another(
    shops: Callable[..., Shop], tmp_path: Path
) -> None:
    shop = shops("reply: {body: 'OK {$.id}'}\n")
    first = shop.send(ORDER)
    text = (SOURCE + RULES).replace("rules:", "reply: {body: 'YES {$.id}'}\nrules:")
    (tmp_path / "mappings" / "shop.yml").write_text(text)
    assert shop.rules.refresh()
    assert shop.send(ORDER) == first


def test_a_reply_above_four_kilobytes_is_rendered_anew(shops: Callable[..., Shop]) -> None:
    shop = shops("reply: {body: '{$.text}'}\n")
    first = shop.send({**ORDER, "text": "x" * 5000})
    assert shop.send({**ORDER, "text": "x" * 5000}) == first
    assert rows(shop.store, "SELECT reply FROM events") == [(None,)]


BATCH = "split: $.orders[*]\nreply: {body: '{$.id} {$event.received_at}'}\n"


def test_a_batch_with_a_new_event_gets_a_reply_of_its_own(shops: Callable[..., Shop]) -> None:
    shop = shops(BATCH)
    one, two, three = ({**ORDER, "id": f"o{number}"} for number in (1, 2, 3))
    first = shop.send({"orders": [one, two]})
    second = shop.send({"orders": [two, three]})
    assert second.body.startswith(b"o2 ")
    assert second != first
    assert shop.send({"orders": [three]}) == second
    assert shop.send({"orders": [two, three]}) == first
    assert shop.repeats() == [(2, 1, "none"), (4, 1, "none"), (2, 2, "none"), (4, 2, "none")]


def test_the_last_twenty_repeats_are_kept_and_those_that_differ_apart(shops: Callable[..., Shop]) -> None:
    shop = shops()
    shop.send(ORDER)
    shop.send({**ORDER, "who": 8})
    for _ in range(25):
        shop.send(ORDER)
    kept = shop.repeats()
    assert kept[0] == (1, 1, "outcome")
    assert [number for _, number, _ in kept[1:]] == list(range(7, 27))
    with shop.store.read() as connection:
        assert repeat_views.counts(connection, [1]) == {1: 26}


def test_a_flood_of_repeats_is_answered_but_not_stored_whole(shops: Callable[..., Shop]) -> None:
    shop = shops("reply: {body: 'OK {$event.received_at}'}\n")
    first = shop.send(ORDER)
    for number in range(50):
        shop.time.advance(-1)
        assert shop.send({**ORDER, "who": number}) == first
    assert len(shop.repeats()) == 20


def test_a_body_of_a_repeat_above_256_kilobytes_is_not_stored(shops: Callable[..., Shop]) -> None:
    shop = shops()
    shop.send(ORDER)
    shop.send({**ORDER, "who": 8, "text": "x" * 300_000})
    with shop.store.read() as connection:
        (one,) = repeat_views.of_event(connection, 1)
    assert (one.request, one.difference) == (None, "outcome")
    assert one.body_size > 300_000


def test_a_repeat_of_an_event_whose_payload_is_purged_is_not_compared(shops: Callable[..., Shop]) -> None:
    shop = shops("dedup: {within: 90d}\nreply: {body: 'OK {$.id}'}\n")
    shop.send(ORDER)
    with shop.store.transaction() as connection:
        connection.exec_driver_sql("UPDATE calls SET state = 'done', settled_at = 1")
    shop.time.advance(1)
    purge(shop.store, body_days=0, row_days=90)
    assert shop.send(ORDER).body == b"OK order-7"
    assert shop.repeats() == [(1, 1, "unknown")]
    shop.time.advance(1)
    purge(shop.store, body_days=0, row_days=90)
    assert rows(shop.store, "SELECT headers, body FROM repeats") == [(None, None)]
    shop.time.advance(1)
    purge(shop.store, body_days=0, row_days=0)
    assert rows(shop.store, "SELECT count(*) FROM repeats") == [(0,)]
    assert shop.send(ORDER).body == b"OK order-7"
    assert shop.repeats() == []
    assert len(shop.starts()) == 0


def test_the_owners_span_holds_for_events_without_an_id(shops: Callable[..., Shop]) -> None:
    shop = shops("dedup: {within: 1h}\n")
    shop.send({"type": "paid", "who": 7})
    shop.time.advance(3_590)
    shop.send({"type": "paid", "who": 7})
    assert len(shop.starts()) == 1
    shop.time.advance(20)
    shop.send({"type": "paid", "who": 7})
    assert len(shop.starts()) == 2


def test_two_people_who_take_a_repeat_at_once_make_one_event(shops: Callable[..., Shop]) -> None:
    shop = shops()
    shop.send(ORDER)
    shop.send({**ORDER, "who": 8})
    barrier = threading.Barrier(4)
    made: list[Taking] = []
    refused: list[str] = []

    def taking() -> None:
        barrier.wait()
        try:
            with shop.store.transaction() as connection:
                now = shop.store.now(connection)
                made.append(take(connection, now, shop.rules.current.sources, 1, Decider("anna")))
        except BridgeError as error:
            refused.append(error.message)

    threads = [threading.Thread(target=taking) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (len(made), set(refused)) == (1, {f"repeat 1 is event {made[0].stored} already"})
    assert shop.starts() == [("created", "subscriber:7"), ("created", "subscriber:8")]
    assert rows(shop.store, "SELECT content FROM dedup ORDER BY content") == [("",), ("hand-1",)]
    shop.send({**ORDER, "who": 8})
    assert len(shop.starts()) == 2


def test_the_same_webhook_at_two_processes_at_once_is_one_event_with_one_reply(
    database_url: str, tmp_path: Path, clock: Clock
) -> None:
    source = SOURCE + "reply: {body: '{$.nonce} {$event.received_at}'}\n"
    stores = [open_store(database_url, clock=clock) for _ in range(3)]
    shops = [Shop(store, tmp_path, clock, source) for store in stores]
    for number in range(5):
        with ThreadPoolExecutor(12) as pool:
            sent = [
                pool.submit(shops[one % 3].send, {**ORDER, "id": f"o{number}", "nonce": one})
                for one in range(12)
            ]
        assert len({one.result().body for one in sent}) == 1
    assert len(shops[0].starts()) == 5
    for shop in shops:
        shop.writer.close()
        shop.store.close()


def test_a_source_whose_id_is_the_same_for_different_events_is_named(shops: Callable[..., Shop]) -> None:
    shop = shops()
    shop.send(ORDER)
    shop.send({**ORDER, "attempt": 2})
    with shop.store.read() as connection:
        assert repeat_views.ambiguous(connection, shop.time.ms) == ()
    shop.send({**ORDER, "who": 8})
    shop.send({**ORDER, "who": 9})
    with shop.store.read() as connection:
        (found,) = repeat_views.ambiguous(connection, shop.time.ms)
        assert (found.source, found.count, found.last_at) == ("shop", 2, shop.time.ms)
        assert repeat_views.ambiguous(connection, shop.time.ms + 8 * DAY * 1000) == ()


CHANGED = SOURCE.replace("id: $.id, type: $.type", "id: [$.id, $.sum], type: $.type")


def test_an_edited_event_key_does_not_make_a_retry_a_new_event(shops: Callable[..., Shop]) -> None:
    shop = shops("reply: {body: '{$event.received_at}'}\n")
    first = shop.send(ORDER)
    shop.edit(CHANGED + "reply: {body: '{$event.received_at}'}\n")
    assert shop.send({**ORDER, "attempt": 2}) == first
    assert shop.repeats() == [(1, 1, "content")]
    shop.send({**ORDER, "sum": 20})
    assert len(shop.starts()) == 2
    shop.time.advance(600)
    shop.send(ORDER)
    assert len(shop.starts()) == 2
    assert rows(shop.store, "SELECT count(*) FROM dedup WHERE key = 'order-7:10'") == [(1,)]


def test_former_ids_count_for_as_long_as_the_sender_repeats(shops: Callable[..., Shop]) -> None:
    shop = shops("retry_window: 1h\n")
    shop.send(ORDER)
    shop.edit(CHANGED + "retry_window: 1h\n")
    shop.time.advance(3_600)
    shop.send(ORDER)
    assert len(shop.starts()) == 2


def test_former_ids_outlive_a_restart_and_further_edits(shops: Callable[..., Shop]) -> None:
    shop = shops("retry_window: 1h\n")
    shop.send(ORDER)
    shop.edit(CHANGED + "retry_window: 1h\n")
    shop.edit("source: shop\nverify: none\nretry_window: 1h\nevent: {type: $.type}\n")
    restarted = FormerIds(shop.store)
    restarted.update(shop.rules.current)
    assert [one.event for one in restarted.of(shop.rules.current.sources["shop"].source, shop.time.ms)] == [
        "{id: [$.id, $.sum], type: $.type}",
        "{id: $.id, type: $.type}",
    ]
    shop.send(ORDER)
    assert shop.repeats() == [(1, 1, "none")]
    assert len(shop.starts()) == 1


def test_only_repeats_cost_more_statements(
    shops: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shops("reply: {body: '{$event.received_at}'}\n")
    ran = noted(shop.store, monkeypatch)
    shop.send(ORDER)
    fresh = [one for one in ran if "repeats" in one or "w.reply" in one]
    ran.clear()
    shop.send(ORDER)
    again = [one for one in ran if "repeats" in one or "w.reply" in one]
    assert (fresh, len(again)) == ([], 4)


def test_where_changed_content_is_new_an_edited_rule_makes_no_new_event(shops: Callable[..., Shop]) -> None:
    changed = "dedup: {changed: new}\n"
    shop = shops(changed)
    shop.send(ORDER)
    shop.send({**ORDER, "sum": 20})
    shop.file.write_text((SOURCE + changed + RULES).replace("bot_id: 1", "bot_id: 11"))
    assert shop.rules.refresh()
    shop.send({**ORDER, "attempt": 2})
    shop.send({**ORDER, "sum": 20})
    assert shop.repeats() == [(1, 1, "content"), (2, 1, "none")]
    shop.send({**ORDER, "sum": 30})
    assert len(shop.starts()) == 3
