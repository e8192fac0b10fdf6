"""What is wrong or suspicious in mapping files."""

from __future__ import annotations

from bridge.reasons.reason import Code


class FindingCode(Code):
    """What is wrong or suspicious in mapping files."""
