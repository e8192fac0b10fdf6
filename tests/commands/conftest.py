from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.commands.show.language import speak
from bridge.intake import Intake
from bridge.main import main
from bridge.mapping_loader import MappingLoader
from bridge.model import Request
from bridge.store.db.engine import Store, open_store
from bridge.store.db.writer import Writer
from bridge.store.inbox import events
from bridge.text.catalogue import ENGLISH
from tests.store import given
from tests.support.asgi import received
from tests.support.processes import ROOT
from tests.support.sandbox import sandbox

__all__ = ["sandbox"]

BOT = """
source: shop
profile: json
secret: ${SHOP_SECRET}
verify: {token: {header: X-Token}}
event: {id: $.id, type: $.type}
rules:
  - name: paid
    when:
      $.status: paid
      $.amount: {gte: 100}
    start:
      bot_id: 7
      subscriber_id: $.subscriber
      variables: {hello: "Привет, {$.name}", amount: $.amount}
tests:
  - name: a paid order starts bot 7
    body: {id: o-1, status: paid, amount: 250, subscriber: 12, name: Мария}
    expect: [{rule: paid, bot_id: 7, subscriber_id: 12}]
"""
PAID = {"id": "o-1", "type": "order", "status": "paid", "amount": 250, "subscriber": 12, "name": "Мария"}
TOKEN = "canary-7f3c9a51"
SECRET = "shop-secret-11"
VERIFIED = "token in header X-Token"


@dataclass
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass
class Desk:
    """A folder with mappings in which commands are run, as `leadbridge WORDS` by `main`."""

    folder: Path
    run: Callable[..., Ran]

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def payload(self, **changes: Any) -> str:
        """A file with the order, changed; its name."""
        self.write("order.json", json.dumps({**PAID, **changes}, ensure_ascii=False))
        return "order.json"


@pytest.fixture(autouse=True)
def _english() -> None:
    """What runs without `main` speaks English, whatever the test before spoke."""
    speak(ENGLISH)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Desk:
    """The mapping `shop` in a fresh folder; the environment has its secret and a token."""

    def run(*words: str) -> Ran:
        capfd.readouterr()
        level = logging.root.level
        try:
            code = main(list(words))
        finally:
            logging.root.setLevel(level)
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    for name in ("DATABASE_URL", "BRIDGE_MAPPINGS", "BRIDGE_SANDBOX", "LEADCONVERTER_URL", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LEADCONVERTER_TOKEN", TOKEN)
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path, run)
    desk.write("mappings/shop.yml", BOT)
    return desk


@dataclass
class Office(Desk):
    """A desk with a migrated database, into which webhooks and what became of their calls can be put."""

    store: Store
    intake: Intake

    def webhook(
        self, body: bytes | None = None, secret: str = SECRET, kind: str = "application/json", **changes: Any
    ) -> int:
        """Send the order, changed, to the source `shop` as a web process takes it; the newest event's id."""
        self.intake.mapping_loader.refresh()
        raw = json.dumps({**PAID, **changes}, ensure_ascii=False).encode() if body is None else body
        headers = (("Content-Type", kind), ("X-Token", secret))
        received(self.intake, "shop", Request("POST", "", headers, raw, "203.0.113.7"))
        return int(given.rows(self.store, "SELECT COALESCE(MAX(id), 0) FROM events")[0][0])

    def settle(self, state: str, **more: Any) -> list[int]:
        """Claim and begin every call that may go, and end its attempt so; the calls' ids."""
        claimed = given.claim(self.store)
        given.settle(self.store, *(given.settlement(call, state, **more) for call in claimed))
        return [call.id for call in claimed]

    def states(self) -> dict[int, str]:
        return given.states(self.store)


@pytest.fixture
def office(desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """The desk with an empty database, once on SQLite and once on PostgreSQL."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    store = open_store(database_url)
    writer = Writer(store, events.batch_writer(store))
    rules = MappingLoader(
        str(desk.folder / "mappings"), {"SHOP_SECRET": SECRET, "LEADCONVERTER_TOKEN": TOKEN}
    )
    intake = Intake(rules, writer, is_known_source=lambda _: False, wake=lambda: None, no_room=lambda: None)
    yield Office(desk.folder, desk.run, store, intake)
    writer.close()
    store.close()


@pytest.fixture
def shipped(desk: Desk) -> Desk:
    """The shipped mappings in place of `shop`, and no token."""
    shutil.rmtree(desk.folder / "mappings")
    shutil.copytree(ROOT / "mappings", desk.folder / "mappings")
    return desk
