"""`leadbridge sandbox`: a local LeadConverter."""

from __future__ import annotations

from bridge.sandbox.server import run


def sandbox(host: str, port: int, latency_ms: int) -> int:
    """Serve until SIGTERM or SIGINT."""
    return run(host, port, latency_ms=latency_ms)
