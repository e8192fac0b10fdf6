"""What a verification scheme is once compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.errors import BridgeError
from bridge.webhook.incoming import Incoming


class DeniedError(BridgeError):
    """A request does not prove its sender. The sender hears one generic text; the owner reads the message."""

    def __init__(self, code: str, message: str, status: int = 401) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Check:
    """One scheme: `run` says in words what was proved, or raises DeniedError or DocumentError."""

    words: str
    run: Callable[[Incoming], str]
