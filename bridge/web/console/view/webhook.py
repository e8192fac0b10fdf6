"""A request, its secrets hidden already, as pages show it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from bridge.model import Request

BODY_SHOWN: Final = 64 * 1024
"""Characters of a body that a page shows."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """The parts of a request."""

    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    body: str = ""
    """Its beginning."""
    size: int = 0
    """Of the whole body, in bytes."""

    @property
    def cut(self) -> bool:
        return self.size > BODY_SHOWN


def webhook_of(request: Request | None, size: int | None = None) -> Webhook:
    """The request in parts; `size` where more of its body came than is kept."""
    if request is None:
        return Webhook()
    query = tuple(parse_qsl(request.query, keep_blank_values=True))
    body = request.body.decode("utf-8", "replace")
    return Webhook(request.headers, query, body[:BODY_SHOWN], len(request.body) if size is None else size)
