from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.main import main
from tests.support.processes import ROOT

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


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Desk:
    """The mapping `shop` in a fresh folder; the environment has its secret and a token."""

    def run(*words: str) -> Ran:
        capfd.readouterr()
        code = main(list(words))
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


@pytest.fixture
def shipped(desk: Desk) -> Desk:
    """The shipped mappings in place of `shop`, and no token."""
    shutil.rmtree(desk.folder / "mappings")
    shutil.copytree(ROOT / "mappings", desk.folder / "mappings")
    return desk
