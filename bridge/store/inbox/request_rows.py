"""Reads a webhook as it was received from a row of events, repeats or refusals."""

from __future__ import annotations

from typing import Any

from bridge.jsonpath.exact_numbers import from_json
from bridge.model import Request


def request_of(row: Any) -> Request:
    """The webhook in the row, which must have its headers and body."""
    headers = tuple((name, value) for name, value in from_json(row.headers))
    return Request(row.method, row.query, headers, bytes(row.body), row.client)
