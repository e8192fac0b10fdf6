"""The pictures of the README: a bridge with a day of webhooks behind it, and a browser that looks at it.

`python -m tests.support.pictures` writes them to docs/images/.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import ViewportSize

from bridge.mapping.compile.compiler import compile_files
from bridge.mapping.rules.apply import MappingFile, apply
from bridge.model import Request
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.store.db.engine import open_store
from bridge.store.inbox.events import Delivery, accept
from bridge.store.queue import calls
from tests.store.given import claim_in, settlement
from tests.support.browser import Watched, running_browser
from tests.support.processes import ROOT, Installation, installation
from tests.support.waiting import eventually

FOLDER = ROOT / "docs" / "images"
SECRETS = {"TILDA_HOOK_TOKEN": "t", "NOCODE_TOKEN": "t"}
SIZE: ViewportSize = {"width": 1120, "height": 720}
_HOUR = 3_600_000
_PEOPLE = ("Мария", "Иван", "Анна", "Пётр", "Ольга", "Сергей", "Наталья", "Дмитрий")
_PER_HOUR = (1, 0, 0, 1, 0, 1, 2, 3, 4, 3, 5, 4, 3, 4, 5, 3, 4, 5, 6, 5, 4, 3, 2, 3)


def main() -> None:
    """Fill, look, and keep what is seen."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "mappings", Path(folder) / "mappings")
        url = f"sqlite:///{folder}/bridge.db"
        with installation(Path(folder), url, BRIDGE_WORKERS="1", **SECRETS) as bridge:
            bridge.command("migrate")
            _a_day(url, bridge.mappings)
            bridge.start()
            _now(bridge)
            _look(bridge)


def _a_day(url: str, mappings: Path) -> None:
    """Payments of the last day, stored and their bots started when they came."""
    mapping = _mapping(mappings / "yookassa.yml")
    store = open_store(url)
    now = int(time.time() * 1000)
    for hour, many in enumerate(_PER_HOUR):
        at = now - (len(_PER_HOUR) - hour) * _HOUR + _HOUR // 2
        taken = [_delivery(mapping, at, hour * 10 + one) for one in range(many)]
        with store.transaction() as connection:
            accept(connection, at, taken)
            called = claim_in(connection, at, many, "past")
            calls.settle(connection, at, [settlement(call) for call in called])
    store.close()


def _now(bridge: Installation) -> None:
    """What has just come in: a call that may have run, a course that no rule knows, a stranger."""
    for number, course in ((901, "python"), (902, "Python")):
        assert bridge.post("/hooks/yookassa", _paid(number, course)).status == 200
    assert eventually(lambda: len(bridge.calls()) == 1, seconds=60)
    bridge.faults(kind="reset")
    assert bridge.post("/hooks/yookassa", _paid(903, "sql")).status == 200
    bridge.post("/hooks/nocode", {"id": "run-7", "kind": "deal"}, {"X-Bridge-Token": "old"})
    assert eventually(lambda: '"uncertain"' in bridge.command("calls", "--json").stdout, seconds=60)


def _look(bridge: Installation) -> None:
    with running_browser() as browser:
        watched = Watched(browser.new_context(locale="en", color_scheme="light", viewport=SIZE))
        page = watched.page()
        for name, path in _views(bridge):
            page.goto(f"http://127.0.0.1:{bridge.port}/console{path}")
            page.screenshot(path=FOLDER / f"{name}.png")
        assert watched.complaints == []


def _views(bridge: Installation) -> Iterator[tuple[str, str]]:
    yield "overview", "/"
    yield "event", f"/events/{_number(bridge, 'pay-901')}"
    yield "playground", f"/playground?source=yookassa&event={_number(bridge, 'pay-902')}"


def _number(bridge: Installation, payment: str) -> int:
    """Of the event of this payment."""
    (event,) = json.loads(bridge.command("events", "--search", payment, "--json").stdout)
    return int(event["id"])


def _delivery(mapping: MappingFile, at: int, number: int) -> Delivery:
    body = json.dumps(_paid(number, "python" if number % 3 else "sql"), ensure_ascii=False).encode()
    headers = (("Content-Type", "application/json"), ("User-Agent", "AHC/2.1"))
    request = Request("POST", "", headers, body, "185.71.76.5")
    events = tuple((event, apply(mapping, event)) for event in mapping.source.events(request, at))
    return Delivery("yookassa", request, at, Reason(WebhookCode.BY_IP), mapping.version, events, secrets="[]")


def _paid(number: int, course: str) -> dict[str, Any]:
    """The sample payment, another one each time; every ninth costs too little for the rule."""
    document: dict[str, Any] = json.loads((ROOT / "mappings" / "samples" / "yookassa-paid.json").read_bytes())
    payment = document["object"]
    payment["id"] = f"pay-{number}"
    payment["amount"]["value"] = "490.00" if number % 9 == 4 else f"{1490 + number % 4 * 500}.00"
    payment["metadata"] = {
        "subscriber_id": str(778800 + number), "course": course, "name": _PEOPLE[number % len(_PEOPLE)]
    }  # fmt: skip
    return document


def _mapping(path: Path) -> MappingFile:
    return compile_files({path.name: path.read_bytes()}, {"LEADCONVERTER_TOKEN": "t"}).sources["yookassa"]


if __name__ == "__main__":
    main()
