from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import BridgeError, UsageError
from bridge.model import Event, Request
from bridge.operations.authoring.mapping_files import compile_text
from bridge.operations.authoring.payload import Payload, read_headers
from bridge.operations.authoring.stored_payload import payload_of, request_of
from bridge.operations.authoring.try_payload import Trial, trial
from bridge.settings import Settings, load
from bridge.store.db.engine import Store
from bridge.store.inbox import purge
from bridge.text.render import english
from tests.conftest import Clock
from tests.operations.given import ENVIRONMENT, SHOP, TOKEN, came, order

NOW = 1_800_000_000_000
ACCOUNTS = """
accounts:
  main:
    token: ${LEADCONVERTER_TOKEN}
    url: https://other.example
    parameters: form
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An empty mapping folder."""
    (tmp_path / "mappings").mkdir()
    return load({**ENVIRONMENT, "BRIDGE_MAPPINGS": str(tmp_path / "mappings")})


def tried(settings: Settings, text: str, payload: Request | Event | None) -> Trial:
    return trial(settings, f"{settings.mappings}/shop.yml", text.encode(), payload, NOW)


def test_a_text_that_is_on_no_disk_is_tried_with_all_that_it_makes_of_a_payload(settings: Settings) -> None:
    found = tried(settings, SHOP, order())
    assert (found.findings, found.undecodable) == ((), None)
    (one,) = found.tried
    assert one.event.id == "o-1"
    ((start, shown),) = one.calls
    assert start.bot_id == 7
    assert ("variable[amount]", "250") in shown.parameters
    assert shown.url.startswith("https://leadconverter.ru/api/v1/•••/bot.startWithVariables?")
    assert TOKEN not in repr(found)
    assert list(Path(settings.mappings).iterdir()) == []


def test_a_near_miss_has_every_condition(settings: Settings) -> None:
    (one,) = tried(settings, SHOP, order(status="Paid")).tried
    (verdict,) = one.verdicts
    assert one.nearness(verdict) == "nearly"
    assert [(line.condition, line.holds) for line in one.evaluations["paid"].conditions] == [
        ("$.status: paid", False),
        ("$.amount: {gte: 100}", True),
    ]
    assert one.calls == ()


def test_a_rule_that_lacks_a_value_is_failed(settings: Settings) -> None:
    (one,) = tried(settings, SHOP, order(subscriber=None)).tried
    assert one.nearness(one.verdicts[0]) == "failed"
    assert [failure.key for failure in one.application.failures] == ["subscriber_id"]


def test_a_text_with_errors_has_findings_at_their_lines(settings: Settings) -> None:
    found = tried(settings, SHOP.replace("variables:", "varibles:"), order())
    assert (found.mapping, found.tried) == (None, ())
    finding = next(one for one in found.findings if one.code == "M104")
    assert finding.line == 15
    assert finding.message == 'unknown key "varibles"; did you mean "variables"?'


@pytest.mark.parametrize("text", ["", "source: [", "\t", "- a", "source: shop", "\x00", "&a [*a]", "💥: {"])
def test_any_text_has_a_result(settings: Settings, text: str) -> None:
    found = tried(settings, text, order())
    assert found.mapping is None
    assert any(finding.is_error for finding in found.findings)


def test_without_a_payload_there_are_only_findings(settings: Settings) -> None:
    found = tried(settings, SHOP, None)
    assert found.mapping is not None
    assert (found.tried, found.findings) == ((), ())


def test_an_unreadable_payload_has_a_reason_and_raises_nothing(settings: Settings) -> None:
    found = tried(settings, SHOP, Payload(b"{nonsense").request("POST"))
    assert found.mapping is not None
    assert found.tried == ()
    assert english(found.undecodable).startswith("not JSON: ")


def test_the_source_as_it_is_edited_decides_how_a_payload_is_read(settings: Settings) -> None:
    form = Payload(b"id=o-1&status=paid&amount=250&subscriber=12").request("POST")
    (one,) = tried(settings, SHOP.replace("profile: json", "profile: form"), form).tried
    assert [start.recipient.key for start, _ in one.calls] == ["subscriber:12"]


def test_accounts_are_those_of_the_folder(settings: Settings) -> None:
    Path(settings.mappings, "accounts.yml").write_text(ACCOUNTS)
    (one,) = tried(settings, SHOP, order()).tried
    ((_, shown),) = one.calls
    assert shown.url == "https://other.example/api/v1/•••/bot.startWithVariables"
    assert shown.body.startswith("subscriber_id=12&bot_id=7")


def test_a_secret_that_is_not_set_is_a_warning(settings: Settings) -> None:
    alone = compile_text(settings, "mappings/shop.yml", SHOP.replace("SHOP_SECRET", "OTHER").encode())
    assert alone.mapping is not None
    assert [finding.code for finding in alone.findings] == ["W501"]


def test_a_stored_webhook_is_tried_unchanged(store: Store, settings: Settings) -> None:
    came(store, order())
    with store.read() as connection:
        payload = payload_of(connection, 1)
    assert isinstance(payload, Request)
    (one,) = tried(settings, SHOP.replace("bot_id: 7", "bot_id: 8"), payload).tried
    assert [start.bot_id for start, _ in one.calls] == [8]


def test_of_a_batch_whose_bytes_are_gone_an_event_is_tried_as_it_was_read(
    store: Store, settings: Settings
) -> None:
    came(store, order())
    with store.transaction() as connection:
        connection.exec_driver_sql("UPDATE events SET body = NULL, headers = NULL")
    with store.read() as connection:
        payload = payload_of(connection, 1)
    assert isinstance(payload, Event)
    (one,) = tried(settings, SHOP, payload).tried
    assert [start.bot_id for start, _ in one.calls] == [7]


def test_a_webhook_that_is_purged_cannot_be_tried(store: Store, clock: Clock) -> None:
    came(store, order(status="new"))
    clock.advance(40 * 86400)
    purge.purge(store)
    with store.read() as connection, pytest.raises(BridgeError, match="event 1 is no longer stored"):
        payload_of(connection, 1)
    with store.read() as connection, pytest.raises(BridgeError, match="event 1 is no longer stored"):
        request_of(connection, 1)


def test_headers_are_read_as_people_write_them() -> None:
    assert read_headers(["X-A: 1", "x-b:2 : 3"], "header") == (("X-A", "1"), ("x-b", "2 : 3"))
    for line in ("nonsense", ": 1"):
        with pytest.raises(UsageError) as caught:
            read_headers([line], "header")
        assert caught.value.message == f'header is "{line}", expected "Name: value"'
