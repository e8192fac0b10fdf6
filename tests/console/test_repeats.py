"""Known events that came again: found in the console, and taken as events."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bridge.model import Request
from tests.console.conftest import MakeSite
from tests.console.visits import Site
from tests.store.given import rows
from tests.support.asgi import received

SHOP = """
source: shop
secret: ${SHOP_SECRET}
verify: {token: {json: $.secret}}
event: {id: $.id}
rules:
  - name: any
    start: {bot_id: 7, subscriber_id: $.who}
"""
TOKEN = "canary-token-551"


@pytest.fixture
def shop(site: MakeSite, tmp_path: Path) -> Site:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "shop.yml").write_text(SHOP)
    made = site(SHOP_SECRET=TOKEN, LEADCONVERTER_TOKEN="t")
    for who in (1, 1, 2):
        assert send(made, {"id": "o1", "who": who, "secret": TOKEN}) == 200
    return made


def send(site: Site, document: dict[str, Any]) -> int:
    headers = (("Content-Type", "application/json"),)
    request = Request("POST", "", headers, json.dumps(document).encode(), "203.0.113.7")
    return received(site.side.intake, "shop", request).status


def recipients(site: Site) -> list[str]:
    return [one for (one,) in rows(site.side.store, "SELECT recipient FROM calls ORDER BY id")]


def test_repeats_show_at_their_event_in_lists_and_on_the_overview(shop: Site) -> None:
    assert "Repeated 2 times" in shop.get("/events/1").text
    assert "×2" in shop.get("/events").text
    listed = shop.get("/repeats?source=shop").text
    assert "Would start something else" in listed
    assert "Same content" in listed
    assert "No repeats" in shop.get("/repeats?source=other").text
    assert "The id of shop is the same for different events" in shop.get("/").text
    assert shop.get("/repeats/9").status_code == 404


def test_the_token_in_a_repeat_is_hidden(shop: Site) -> None:
    page = shop.get("/repeats/2").text
    assert "&#34;who&#34;: 2" in page or '"who": 2' in page
    assert TOKEN not in page


def test_a_repeat_is_taken_after_a_look_at_what_that_does_and_with_a_reason(shop: Site) -> None:
    page = shop.get("/repeats/2").text
    found = re.search(r'name="mark" value="(\w+)"', page)
    assert found is not None
    assert "It would send 1 call" in page
    assert shop.post("/repeats/2", {"mark": found[1]}).status_code == 200
    assert shop.post("/repeats/2", {"mark": "other", "why": "x"}).status_code == 200
    assert recipients(shop) == ["subscriber:1"]
    taken = shop.post("/repeats/2", {"mark": found[1], "why": "another buyer"})
    assert taken.status_code in (302, 303)
    assert recipients(shop) == ["subscriber:1", "subscriber:2"]
    again = shop.post("/repeats/2", {"mark": found[1], "why": "once more"})
    assert again.status_code == 200
    assert len(recipients(shop)) == 2
    assert "is the same for different events" not in shop.get("/").text


def test_the_same_content_cannot_be_taken(shop: Site) -> None:
    assert "Take it as an event" not in shop.get("/repeats/1").text
    assert shop.post("/repeats/1", {"why": "x"}).status_code == 200
    assert recipients(shop) == ["subscriber:1"]
