"""Why a command or a page cannot do what it was asked for, and what to do."""

from __future__ import annotations

from bridge.reasons.reason import Code


class ErrorCode(Code):
    """Why a command or a page cannot do what it was asked for, and what to do."""
