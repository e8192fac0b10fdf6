"""What is wrong now, and what was looked at by `leadbridge doctor`."""

from __future__ import annotations

from bridge.reasons.reason import Code


class ProblemCode(Code):
    """What is wrong now, and what was looked at by `leadbridge doctor`."""
