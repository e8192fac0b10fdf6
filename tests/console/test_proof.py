"""What proves a sender shows nowhere on an event's page."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.model import Json, Request
from bridge.store.event_views import EventLine, StoredEvent
from bridge.web.console.masking import DOTS
from bridge.web.console.proof import BODY_SHOWN, shown
from tests.store.given import event, request

LINE = EventLine(1, "shop", "p1", "paid", 0, "matched", "", "", "")


def stored(document: Json = None, body: bytes = b"", **more: Any) -> StoredEvent:
    raw: Request = request(body, **more)
    return StoredEvent(LINE, event(document=document), raw, "", (), ())


def test_a_header_that_carries_the_token_is_hidden_whatever_it_is_called() -> None:
    seen = shown(stored(headers=(("X-Shop-Key", "word"), ("X-A", "1"))), ["token in header X-Shop-Key + ip"])
    assert seen.headers == (("X-Shop-Key", DOTS), ("X-A", "1"))
    either = shown(stored(headers=(("X-Old", "word"), ("X-New", "word"))), ["token in header X-New or X-Old"])
    assert [value for _, value in either.headers] == [DOTS, DOTS]


def test_a_parameter_that_carries_the_token_is_hidden() -> None:
    assert shown(stored(query="k=word&page=2"), ["token in parameter k"]).query == (
        ("k", DOTS),
        ("page", "2"),
    )


@pytest.mark.parametrize(
    ("words", "document", "body", "hidden", "left"),
    [
        ("token in $.auth.key", {"auth": {"key": 'a"b/я'}, "x": 1}, rb'{"auth":{"key":"a\"b/\u044f"},"x":1}',
         {"auth": {"key": DOTS}, "x": 1}, f'{{"auth":{{"key":"{DOTS}"}},"x":1}}'),
        ("token in $.key", {"key": 'a"b/я'}, '{"key":"a\\"b\\/я"}'.encode(), {"key": DOTS},
         f'{{"key":"{DOTS}"}}'),
        ("token in field key", {"key": "слово 1", "x": "1"},
         b"key=%D1%81%D0%BB%D0%BE%D0%B2%D0%BE+1&x=1", {"key": DOTS, "x": "1"}, f"key={DOTS}&x=1"),
    ],
)  # fmt: skip
def test_a_token_in_the_body_is_hidden_in_the_tree_and_in_the_bytes(
    words: str, document: Json, body: bytes, hidden: Json, left: str
) -> None:
    seen = shown(stored(document, body), ["", words])
    assert (seen.document, seen.body) == (hidden, left)


def test_a_token_that_is_not_there_hides_nothing() -> None:
    seen = shown(stored({"x": [1]}, b"x"), ["token in $.auth.key", "token in $.x.y", "hmac sha256", "open"])
    assert (seen.document, seen.body) == ({"x": [1]}, "x")


def test_a_large_body_shows_its_beginning_and_its_size() -> None:
    seen = shown(stored(None, b"a" * (BODY_SHOWN + 1)), [])
    assert (len(seen.body), seen.size, seen.cut) == (BODY_SHOWN, BODY_SHOWN + 1, True)


def test_a_purged_webhook_still_shows_its_document() -> None:
    seen = shown(StoredEvent(LINE, event(document={"x": 1}), None, "", (), ()), [])
    assert (seen.document, seen.headers, seen.body) == ({"x": 1}, (), "")
