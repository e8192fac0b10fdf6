"""A webhook that a person enters to try it: a body, and optionally headers, query and method."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.errors import UsageError
from bridge.model import Request
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason


@dataclass(frozen=True, slots=True)
class Payload:
    """A request that was entered, not received."""

    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""
    method: str | None = None

    def request(self, method: str) -> Request:
        """The payload as a request, with this method if it has none."""
        return Request(self.method or method, self.query, self.headers, self.body, "")


def read_headers(lines: Iterable[str], name: Reason | str) -> tuple[tuple[str, str], ...]:
    """Parse headers written as `Name: value`; raises UsageError, with `name` for the field."""
    return tuple(_header(line, name) for line in lines)


def _header(line: str, field: Reason | str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise UsageError(Reason(ErrorCode.HEADER_WRONG, name=field, found=line))
    return name.strip(), value.strip()
