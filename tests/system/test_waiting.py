"""Calls that wait, in a bridge as its users run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.processes import Installation, installation

MAPPING = """
source: shop
profile: json
verify: none
split: $.items
event: {id: $.id, type: $.kind}
rules:
  - name: left
    when: {$event.type: left}
    key: "cart:{$.cart}"
    again: replace
    after: 10m
    start: {bot_id: 7, subscriber_id: $.buyer}
  - name: paid
    when: {$event.type: paid}
    cancel: {key: "cart:{$.cart}"}
"""


def items(*said: tuple[str, int]) -> dict[str, Any]:
    """One webhook with these items: kind and cart."""
    return {
        "items": [
            {"id": f"{kind}-{cart}-{place}", "kind": kind, "cart": cart, "buyer": cart}
            for place, (kind, cart) in enumerate(said)
        ]
    }


def calls(bridge: Installation) -> list[tuple[int, str]]:
    """Recipient and state of every call, in the order of their acceptance."""
    listed = json.loads(bridge.command("calls", "--json").stdout)
    return [(int(one["recipient"].rpartition(":")[2]), one["state"]) for one in sorted(listed, key=by_id)]


def by_id(call: dict[str, Any]) -> int:
    return int(call["id"])


def test_items_of_one_webhook_start_and_cancel_under_one_key_in_their_order(
    tmp_path: Path, database_url: str
) -> None:
    with installation(tmp_path, database_url, LEADCONVERTER_TOKEN="t") as bridge:
        (bridge.mappings / "shop.yml").write_text(MAPPING)
        bridge.start()
        said = items(
            ("left", 1), ("paid", 1), ("left", 1), ("paid", 2), ("left", 2), ("left", 3), ("paid", 3)
        )
        assert bridge.post("/hooks/shop", said).status == 200
        wanted = [(1, "cancelled"), (1, "waiting"), (2, "waiting"), (3, "cancelled")]
        assert calls(bridge) == wanted
        assert bridge.post("/hooks/shop", said).status == 200
        assert calls(bridge) == wanted
