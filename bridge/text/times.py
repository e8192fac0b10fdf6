"""Formats points in time, in UTC, the same for all languages."""

from __future__ import annotations

from datetime import UTC, datetime


def clock(at: int) -> str:
    """`2026-05-10 14:27:54`, of unix milliseconds."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%d %H:%M:%S}"
