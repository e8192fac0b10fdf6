"""Why a rule matched an event or not, and what a start lacks."""

from __future__ import annotations

from bridge.reasons.reason import Code


class RuleCode(Code):
    """Why a rule matched an event or not, and what a start lacks."""
