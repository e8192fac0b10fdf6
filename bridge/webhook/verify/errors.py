"""The one error of verification."""

from __future__ import annotations

from bridge.errors import BridgeError


class DeniedError(BridgeError):
    """A request does not prove its sender. The sender hears one generic text; the owner reads the message."""

    def __init__(self, code: str, message: str, status: int = 401) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
