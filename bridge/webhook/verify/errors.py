"""The one error of verification."""

from __future__ import annotations

from bridge.errors import BridgeError
from bridge.reasons.reason import Reason


class DeniedError(BridgeError):
    """A request does not prove its sender. The sender hears one generic text; the owner reads the reason.

    `code` is its kind, which stays the same in JSON and metrics.
    """

    def __init__(self, code: str, reason: Reason, status: int = 401) -> None:
        super().__init__(reason)
        self.code = code
        self.status = status
