"""Why a call is in its state, and what an attempt or a probe showed."""

from __future__ import annotations

from bridge.reasons.reason import Code


class CallCode(Code):
    """Why a call is in its state, and what an attempt or a probe showed."""
