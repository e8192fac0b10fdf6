from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.intake import BUSY, UNKNOWN, Intake
from bridge.mapping_loader import MappingLoader
from bridge.model import Reply
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store
from bridge.store.db.writer import Writer
from bridge.store.inbox.events import batch_writer
from tests.store.given import request, rows
from tests.support.asgi import received

MAPPING = """
source: shop
profile: json
secret: ${SHOP_SECRET}
verify: {token: {header: X-Token}}
handshake: {options_consent: {}}
ignore: [{$.ping: true}]
split: $.orders[*]
event: {id: $.id, type: $.kind}
rules:
  - name: sold
    when: {$.kind: sale}
    start: {bot_id: 7, subscriber_id: $.buyer}
"""
TOKEN = (("X-Token", "s3cret"),)
SHORT = Reason(ProblemCode.DISK_SHORT_TO_ACCEPT, free=10, needed=200)


class Receiver:
    """An intake on a real store, and everything that it reported."""

    def __init__(self, store: Store, folder: Path, mapping: str = MAPPING, **more: Any) -> None:
        (folder / "mappings").mkdir(exist_ok=True)
        (folder / "mappings" / "shop.yml").write_text(mapping)
        self.store = store
        self.rules = MappingLoader(
            str(folder / "mappings"), {"LEADCONVERTER_TOKEN": "t", "SHOP_SECRET": "s3cret"}
        )
        self.rules.refresh()
        self.writer: Writer[Any, Any] = Writer(store, batch_writer(store))
        self.observed: list[tuple[str, int, tuple[str, ...]]] = []
        self.woken = 0
        parts: dict[str, Any] = {"is_known_source": lambda _: False, "no_room": lambda: None, **more}
        self.intake = Intake(self.rules, self.writer, wake=self.wake, observe=self.observe, **parts)

    def wake(self) -> None:
        self.woken += 1

    def observe(self, source: str, status: int, results: tuple[str, ...], seconds: float | None) -> None:
        assert seconds is not None
        assert 0 < seconds < 10
        self.observed.append((source, status, results))

    def post(self, document: Any, source: str = "shop", headers: Any = TOKEN) -> Reply:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return received(self.intake, source, request(body, headers=headers, query=""))


@pytest.fixture
def receiver(store: Store, tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(store, tmp_path)
    yield made
    made.writer.close()


@pytest.fixture
def receivers(sqlite_store: Store, tmp_path: Path) -> Iterator[Callable[..., Receiver]]:
    """Makes intakes with some part of their own."""
    made: list[Receiver] = []

    def make(**more: Any) -> Receiver:
        made.append(Receiver(sqlite_store, tmp_path, **more))
        return made[-1]

    yield make
    for one in made:
        one.writer.close()


def sale(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"o{number}", "kind": "sale", "buyer": 5, **more}


def test_each_webhook_is_observed_with_the_results_of_its_events(receiver: Receiver) -> None:
    batch = [sale(1), sale(1), sale(2, kind="return"), sale(3, buyer=None)]
    assert receiver.post({"orders": batch}).status == 200
    assert receiver.post(b"{").status == 200
    assert receiver.observed == [
        ("shop", 200, ("matched", "duplicate", "unmatched", "failed")),
        ("shop", 200, ("unreadable",)),
    ]


def test_a_webhook_that_cannot_be_counted_is_answered_as_it_was_stored(
    receivers: Callable[..., Receiver], caplog: pytest.LogCaptureFixture
) -> None:
    receiver = receivers()

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    receiver.intake.observe = full
    assert receiver.post({"orders": [sale(1)]}).status == 200
    assert receiver.woken == 1
    assert caplog.messages == ["a webhook could not be counted: OSError"]


def test_dispatchers_are_woken_for_calls_and_only_for_calls(receiver: Receiver) -> None:
    receiver.post({"orders": [sale(1, kind="return")]})
    assert receiver.woken == 0
    receiver.post({"orders": [sale(2)]})
    receiver.post({"orders": [sale(2)]})
    assert receiver.woken == 1


def test_a_forgery_is_refused_and_kept(receiver: Receiver) -> None:
    assert receiver.post({"orders": [sale(1)]}, headers=()).status == 401
    assert receiver.observed == [("shop", 401, ("refused",))]
    receiver.post({"orders": []})
    assert rows(receiver.store, "SELECT count(*) FROM refusals") == [(1,)]
    assert rows(receiver.store, "SELECT count(*) FROM calls") == [(0,)]


def test_a_flood_of_forgeries_is_neither_kept_nor_logged_whole(
    receivers: Callable[..., Receiver], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    receiver = receivers(clock=lambda: 1_800_000_000.0)
    for _ in range(50):
        assert receiver.post({}, headers=()).status == 401
    receiver.post({"orders": [sale(1)]})
    assert rows(receiver.store, "SELECT count(*) FROM refusals") == [(20,)]
    assert len([line for line in caplog.messages if line.startswith("refused from shop")]) == 20


def test_a_flood_of_handshakes_is_answered_but_not_kept_whole(receivers: Callable[..., Receiver]) -> None:
    receiver = receivers(clock=lambda: 1_800_000_000.0)
    consent = request(b"", method="OPTIONS", headers=(("WebHook-Request-Origin", "crm.example"),), query="")
    for _ in range(50):
        assert received(receiver.intake, "shop", consent).status == 200
    assert rows(receiver.store, "SELECT result, count(*) FROM events GROUP BY result") == [("ignored", 20)]


def test_an_unknown_source_is_counted_without_its_name(receiver: Receiver) -> None:
    assert receiver.post({}, source="nobody") == UNKNOWN
    assert receiver.observed == [("", 404, ("unknown",))]


@pytest.mark.parametrize("known", [True, None])
def test_a_source_that_was_there_or_may_have_been_is_asked_to_come_again(
    receivers: Callable[..., Receiver], known: bool | None
) -> None:
    assert receivers(is_known_source=lambda _: known).post({}, source="gone") == BUSY


def test_without_valid_mappings_nothing_is_accepted(
    receivers: Callable[..., Receiver], tmp_path: Path
) -> None:
    receiver = receivers()
    (tmp_path / "mappings" / "shop.yml").write_text("source: [")
    receiver.intake.mapping_loader = MappingLoader(str(tmp_path / "mappings"), {})
    receiver.intake.mapping_loader.refresh()
    assert receiver.post({"orders": [sale(1)]}) == BUSY
    assert receiver.observed == [("", 503, ("mappings",))]


def test_on_a_full_disk_nothing_is_accepted_and_the_log_says_so_once(
    receivers: Callable[..., Receiver], caplog: pytest.LogCaptureFixture
) -> None:
    receiver = receivers(no_room=lambda: SHORT)
    assert [receiver.post({"orders": [sale(n)]}) for n in range(3)] == [BUSY] * 3
    assert receiver.observed == [("shop", 503, ("disk",))] * 3
    assert rows(receiver.store, "SELECT count(*) FROM events") == [(0,)]
    assert caplog.messages == ["not accepted from shop: the disk has 10 MB left, accepting needs 200 MB"]


def test_when_the_database_does_not_take_it_nothing_is_accepted(receiver: Receiver) -> None:
    receiver.writer.close()
    assert receiver.post({"orders": [sale(1)]}) == BUSY
    assert receiver.observed == [("shop", 503, ("database",))]


def test_when_too_much_waits_already_it_is_overload(receiver: Receiver) -> None:
    full: Writer[Any, Any] = Writer(receiver.store, batch_writer(receiver.store), waiting=0, start=False)
    receiver.intake.writer = full
    assert receiver.post({"orders": [sale(1)]}) == BUSY
    assert receiver.observed == [("shop", 503, ("overload",))]


def test_a_reply_to_retry_says_when() -> None:
    assert (BUSY.status, BUSY.headers) == (503, (("Retry-After", "5"),))


@pytest.mark.parametrize("value", [None, "", " "])
def test_a_source_whose_secret_is_not_set_takes_nothing_in_and_the_others_do(
    receiver: Receiver, tmp_path: Path, value: str | None
) -> None:
    other = MAPPING.replace("source: shop", "source: other").replace("SHOP_SECRET", "OTHER_SECRET")
    (tmp_path / "mappings" / "other.yml").write_text(other)
    more = {} if value is None else {"OTHER_SECRET": value}
    receiver.intake.mapping_loader = MappingLoader(
        str(tmp_path / "mappings"), {"LEADCONVERTER_TOKEN": "t", "SHOP_SECRET": "s3cret", **more}
    )
    receiver.intake.mapping_loader.refresh()
    for guess in ("s3cret", "not-set", "", "${OTHER_SECRET}"):
        reply = receiver.post({"id": "1", "kind": "sale", "buyer": 1}, "other", (("X-Token", guess),))
        assert (reply.status, dict(reply.headers)) == (503, {"Retry-After": "5"})
    assert receiver.observed == [("other", 503, ("closed",))] * 4
    assert receiver.post({"id": "1", "kind": "sale", "buyer": 1}).status == 200
