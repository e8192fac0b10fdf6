"""Answers of a new shape, asked about in the console: from the sandbox's answer to the owner's word."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from bridge.assemble.rules import effective_accounts
from bridge.errors import StoreUnavailable
from bridge.store.state import answers
from tests.conftest import Clock
from tests.console.conftest import MakeSite
from tests.console.test_overview import titles
from tests.console.visits import Site
from tests.dispatch.test_worker import Bench, bench
from tests.store.given import rows
from tests.support.sandbox import Sandbox, sandbox
from tests.support.waiting import eventually

__all__ = ["sandbox"]

MAPPING = """
source: shop
profile: json
verify: {token: {json: $.token}}
secret: ${SHOP_SECRET}
event: {id: $.id}
rules:
  - name: sold
    start: {bot_id: 7, subscriber_id: $.subscriber, variables: {order: $.id}}
"""
ASKED = "Account main gave an answer of a new shape, which counts as done"
SECRET = "shop-secret-11"
BODY = f'{{"message": "started <b>Anna</b> {SECRET}", "ok": true}}'


@pytest.fixture
def shop(site: MakeSite, sandbox: Sandbox) -> Site:
    one = site(LEADCONVERTER_TOKEN="canary-7f3a", LEADCONVERTER_URL=sandbox.url, SHOP_SECRET=SECRET)
    (one.side.mapping_loader._folder / "shop.yml").write_text(MAPPING)
    assert eventually(lambda: taken_up(one))
    return one


def taken_up(one: Site) -> bool:
    """Whether the mappings are in use, with what is known of the source's ids."""
    mapping = one.side.mapping_loader.current.sources.get("shop")
    try:
        return mapping is not None and one.side.intake.former(mapping.source, 0) == ()
    except StoreUnavailable:
        return False


@contextmanager
def dispatching(one: Site) -> Iterator[Bench]:
    known = effective_accounts(one.side.settings, one.side.mapping_loader)
    with bench(one.side.store, Clock(), replace(known["main"], rate=1000.0)) as made:
        yield made


def sell(one: Site, at: Bench, sandbox: Sandbox, body: str, number: int = 1) -> None:
    """A webhook comes in over HTTP, and LeadConverter gives this answer to its call."""
    sandbox.fault("answer", body=body, type="application/json")
    sold = {"id": f"o-{number}", "subscriber": 12, "token": SECRET}
    assert one.client.post("/hooks/shop", json=sold).status_code == 200
    at.settled()


def shown(one: Site, path: str = "/", **headers: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", one.get(path, **headers).text))


def test_an_answer_of_a_new_shape_is_asked_about_until_it_is_confirmed(shop: Site, sandbox: Sandbox) -> None:
    with dispatching(shop) as at:
        sell(shop, at, sandbox, BODY)
        assert titles(shop.get("/").text) == [ASKED]
        page = shown(shop)
        assert "Status, type and keys: 200 application/json {message: string, ok: boolean}" in page
        assert 'The answer: {"message": "started <b>Anna</b> ' in page
        assert SECRET not in page
        assert "at account main, for example: success: {$.started: 1}" in page
        assert 'href="/console/calls/1"' in shop.get("/").text
        assert ASKED in shown(shop, "/calls/1")
        done = shop.post("/calls/answer", {"call": "1", "why": "seen in LeadConverter"})
        assert done.headers["Location"] == "/console/"
        assert "Such answers are success" in shown(shop)
        assert titles(shop.get("/").text) == []
        assert ASKED not in shown(shop, "/calls/1")
        assert "confirm answer as success" in shown(shop, "/audit")
        sell(shop, at, sandbox, '{"message": "started Olga", "ok": true}', 2)
        assert titles(shop.get("/").text) == []
    assert rows(shop.side.store, "SELECT why, kind, target FROM actions") == [
        ("seen in LeadConverter", "call", "1")
    ]


def test_the_question_is_asked_in_russian(shop: Site, sandbox: Sandbox) -> None:
    with dispatching(shop) as at:
        sell(shop, at, sandbox, BODY)
    page = shown(shop, Accept_Language="ru")
    assert "Аккаунт main дал ответ нового вида, и вызов считается выполненным" in page
    assert "Да, это успех" in page
    assert "например: success: {$.started: 1}" in page


def test_confirming_twice_or_what_was_not_asked_changes_nothing(shop: Site, sandbox: Sandbox) -> None:
    with dispatching(shop) as at:
        sell(shop, at, sandbox, BODY)
    for said in ("Such answers are success", "This was confirmed before"):
        shop.post("/calls/answer", {"call": "1"})
        assert said in shown(shop)
    for call in ("2", "", "x", "²", "9" * 30):
        assert shop.post("/calls/answer", {"call": call}).status_code == 404
    assert len(rows(shop.side.store, "SELECT * FROM actions")) == 1


def test_nothing_is_asked_of_an_owner_who_says_what_success_is(shop: Site, sandbox: Sandbox) -> None:
    with dispatching(shop) as at:
        sell(shop, at, sandbox, BODY)
    said = "accounts:\n  main: {token: '${LEADCONVERTER_TOKEN}', success: {$.ok: true}}\n"
    (shop.side.mapping_loader._folder / "accounts.yml").write_text(said)
    shop.side.mapping_loader.refresh()
    assert titles(shop.get("/").text) == []


def test_what_another_url_answered_is_not_asked_about(shop: Site, sandbox: Sandbox) -> None:
    with dispatching(shop) as at:
        sell(shop, at, sandbox, BODY)
    moved = "accounts:\n  main: {token: '${LEADCONVERTER_TOKEN}', url: https://leadconverter.ru}\n"
    (shop.side.mapping_loader._folder / "accounts.yml").write_text(moved)
    shop.side.mapping_loader.refresh()
    assert titles(shop.get("/").text) == []


def test_a_few_questions_are_asked_at_once_and_outlive_their_calls(shop: Site, sandbox: Sandbox) -> None:
    with dispatching(shop) as at:
        for number in range(7):
            sell(shop, at, sandbox, f'{{"{chr(97 + number)}": "value"}}', number)
    assert titles(shop.get("/").text) == [ASKED] * 5
    with shop.side.store.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM attempts")
        connection.exec_driver_sql("DELETE FROM calls")
    page = shown(shop)
    assert page.count("application/json {") == 5
    assert "value" not in page
    with shop.side.store.read() as connection:
        assert len(answers.unconfirmed(connection)) == 7
