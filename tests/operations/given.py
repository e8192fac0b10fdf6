"""A shop's mapping file, and webhooks that were stored as its rules said."""

from __future__ import annotations

import json
from typing import Any

from bridge.errors import DocumentError
from bridge.mapping.compile.compiler import compile_files
from bridge.mapping.rules.apply import MappingFile, apply
from bridge.model import Request, State
from bridge.store.db.engine import Store
from bridge.store.inbox.events import Delivery
from tests.store import given

SHOP = """
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
      variables: {amount: $.amount}
tests:
  - name: a paid order starts bot 7
    body: {id: o-1, status: paid, amount: 250, subscriber: 12}
    expect: [{rule: paid, bot_id: 7, subscriber_id: 12, variables: {amount: "250"}}]
"""
TOKEN = "canary-7f3c9a51"
ENVIRONMENT = {"SHOP_SECRET": "shop-secret-11", "LEADCONVERTER_TOKEN": TOKEN}
PAID = {"id": "o-1", "type": "order", "status": "paid", "amount": 250, "subscriber": 12}


def shop(text: str = SHOP) -> MappingFile:
    compiled = compile_files({"mappings/shop.yml": text.encode()}, ENVIRONMENT)
    assert [str(one) for one in compiled.findings if one.is_error] == []
    return compiled.sources["shop"]


def order(**changes: Any) -> Request:
    """The paid order, changed, as a webhook."""
    body = json.dumps({**PAID, **changes}, ensure_ascii=False).encode()
    return Request("POST", "", (("Content-Type", "application/json"),), body, "203.0.113.7")


def came(store: Store, request: Request, mapping: MappingFile | None = None) -> int:
    """Store a webhook as a web process does; the number of its last event."""
    mapping = mapping or shop()
    more: dict[str, Any] = {"source": "shop", "request": request, "rules_version": mapping.version}
    try:
        events = mapping.source.events(request, given.NOW)
    except DocumentError as error:
        delivery = given.delivery(unreadable=error.reason, **more)
    else:
        delivery = given.delivery(*((one, apply(mapping, one)) for one in events), **more)
    assert isinstance(delivery, Delivery)
    return given.take_in(store, delivery)[0][-1].event_id


def end(store: Store, state: str, **more: Any) -> list[int]:
    """Claim and begin every call that may go, and end its attempt so; the calls' numbers."""
    claimed = given.claim(store)
    given.settle(store, *(given.settlement(call, state, **more) for call in claimed))
    return [call.id for call in claimed]


def states(store: Store) -> dict[int, State]:
    return {number: State(state) for number, state in given.states(store).items()}
