"""A payload from a file or stdin."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.commands.output import OPTION
from bridge.errors import UsageError
from bridge.operations.payload import Payload, read_headers
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason


@dataclass(frozen=True, slots=True)
class PayloadFile:
    """A file with a raw body, and what else the options say of it."""

    file: str
    """`-` is stdin."""
    headers: Sequence[str] = ()
    """As `Name: value`."""
    query: str = ""
    method: str | None = None

    def read(self) -> Payload:
        """The payload; raises UsageError."""
        headers = read_headers(self.headers, f"{OPTION}header")
        return Payload(_read(self.file), headers, self.query, self.method)


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        reason = Reason(ErrorCode.UNREADABLE, path=name, detail=error.strerror)
        raise UsageError(reason) from error
