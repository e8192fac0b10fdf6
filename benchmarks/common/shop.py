"""The work: a signed payment webhook of 1.4 KB, of whose ten rules one matches and starts one bot."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = "shop"
SECRET = "not-a-secret-but-a-benchmark"
ACCOUNTS = """\
accounts:
  main: {token: "${LEADCONVERTER_TOKEN}", rate: 100000/s, burst: 1000}
"""
_RULE = """\
  - name: course {number} paid
    when:
      $event.type: payment.succeeded
      $.object.metadata.course: course-{number}
      $.object.amount.value: {{gte: 1000}}
    start:
      bot_id: {bot_id}
      subscriber_id: $.object.metadata.subscriber_id
      variables:
        order: $.object.id
        amount: $.object.amount.value
        hello: "Спасибо, {{$.object.metadata.name}}! Заказ {{$.object.id}}"
"""
_HEAD = """\
source: shop
body: json
secret: ${SHOP_SECRET}
verify:
  hmac:
    algorithm: sha256
    message: "{body}"
    signature: {header: X-Signature}
event: {id: $.object.id, type: $.event}
rules:
"""
LENGTH = 1400
"""Bytes of a webhook's body."""
_ITEM = 80
"""Bytes of an item of a dense body, at most."""
_SUBSCRIBERS = 1_000_000_001
"""The first of them; another one for each order, as calls for one wait for each other."""


def mapping() -> str:
    """The mapping file: ten rules, of which the webhook matches the seventh."""
    return _HEAD + "".join(_RULE.format(number=number, bot_id=4500 + number) for number in range(1, 11))


def install(folder: Path) -> None:
    """Write the mapping files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shop.yml").write_text(mapping())
    (folder / "accounts.yml").write_text(ACCOUNTS)


def body(order: str, subscriber: int, length: int = LENGTH, *, dense: bool = False) -> bytes:
    """One payment, so many bytes long. Each order is an event of its own.

    What it needs to be so long is one string, or with `dense` a list of many small values.
    """
    document: dict[str, Any] = {
        "type": "notification",
        "event": "payment.succeeded",
        "object": {
            "id": order,
            "status": "succeeded",
            "paid": True,
            "amount": {"value": "1990.00", "currency": "RUB"},
            "income_amount": {"value": "1920.35", "currency": "RUB"},
            "captured_at": "2026-05-10T14:28:03.412Z",
            "created_at": "2026-05-10T14:27:54.691Z",
            "description": "Заказ курса «Python с нуля»",
            "payment_method": {"type": "bank_card", "card": {"first6": "555555", "last4": "4444"}},
            "metadata": {"subscriber_id": str(subscriber), "course": "course-7", "name": "Мария"},
        },
    }
    if dense:
        document["items"] = [
            {"id": number, "name": f"Курс {number}", "price": "1990.00", "count": 1}
            for number in range((length - LENGTH) // _ITEM)
        ]
    text = json.dumps(document, ensure_ascii=False)
    document["padding"] = "x" * (length - len(text.encode()) - len(', "padding": ""'))
    return json.dumps(document, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class Orders:
    """A series of webhooks; the same run and number is the same event."""

    run: str
    length: int = LENGTH
    dense: bool = False

    def order(self, number: int) -> str:
        return f"{self.run}-{number:07d}"

    def requests(self, host: str, path: str) -> Callable[[int], bytes]:
        """What gives the bytes of the request with a number. Each is of another order and subscriber."""
        order, subscriber = self.order(0).encode(), str(_SUBSCRIBERS).encode()
        before, rest = body(self.order(0), _SUBSCRIBERS, self.length, dense=self.dense).split(order)
        between, after = rest.split(subscriber)
        length = sum(map(len, (before, order, between, subscriber, after)))
        key = SECRET.encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length}\r\nX-Signature: "
        ).encode()

        def request(number: int) -> bytes:
            order = self.order(number).encode()
            data = b"%b%b%b%d%b" % (before, order, between, _SUBSCRIBERS + number, after)
            return b"%b%b\r\n\r\n%b" % (head, hmac.digest(key, data, "sha256").hex().encode(), data)

        return request
