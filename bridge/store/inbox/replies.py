"""Replies to webhooks at rest: a repeat gets the bytes that the first webhook got."""

from __future__ import annotations

from typing import Final

from bridge.jsonpath.exact_numbers import from_json
from bridge.model import Reply
from bridge.store.db.texts import document_text

LONGEST: Final = 4096
"""Bytes of a body that is stored; a longer one is rendered anew for each repeat."""


def reply_text(reply: Reply | None) -> str | None:
    """As stored; None for no reply, and for one that is too long."""
    if reply is None or len(reply.body) > LONGEST:
        return None
    return document_text([reply.status, reply.content_type, reply.body.decode("latin-1"), reply.headers])


def reply_of(stored: str | None) -> Reply | None:
    """The reply as it was sent."""
    if stored is None:
        return None
    status, content_type, body, headers = from_json(stored)
    pairs = tuple((name, value) for name, value in headers)
    return Reply(status, body.encode("latin-1"), content_type, pairs)
