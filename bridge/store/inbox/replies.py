"""Stores replies to webhooks, so that a repeat gets the same bytes as the first webhook."""

from __future__ import annotations

from typing import Final

from bridge.jsonpath.exact_numbers import from_json
from bridge.model import Reply
from bridge.store.db.texts import document_text

MAX_BODY: Final = 4096
"""Bytes. A reply with a longer body is not stored but rendered again for each repeat."""


def reply_text(reply: Reply | None) -> str | None:
    """The reply as JSON; None for no reply, and for one that is too long to store."""
    if reply is None or len(reply.body) > MAX_BODY:
        return None
    return document_text([reply.status, reply.content_type, reply.body.decode("latin-1"), reply.headers])


def reply_of(stored: str | None) -> Reply | None:
    """The reply that `reply_text` has stored."""
    if stored is None:
        return None
    status, content_type, body, headers = from_json(stored)
    pairs = tuple((name, value) for name, value in headers)
    return Reply(status, body.encode("latin-1"), content_type, pairs)
