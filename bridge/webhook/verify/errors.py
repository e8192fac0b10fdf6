"""The error of failed verification."""

from __future__ import annotations

from bridge.errors import BridgeError
from bridge.reasons.reason import Reason


class DeniedError(BridgeError):
    """The sender of a request could not be verified. The sender gets a generic text, the owner the reason.

    `code` is its stable name in JSON and metrics.
    """

    def __init__(self, code: str, reason: Reason, status: int = 401) -> None:
        super().__init__(reason)
        self.code = code
        self.status = status
