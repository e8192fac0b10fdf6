"""`leadbridge sandbox`: a local LeadConverter."""

from __future__ import annotations

from bridge.commands.language import said
from bridge.commands.output import say
from bridge.reasons.commands import CommandCode
from bridge.reasons.reason import Reason
from bridge.sandbox.server import run


def sandbox(host: str, port: int, latency_ms: int) -> int:
    """Serve until SIGTERM or SIGINT."""
    return run(host, port, _announce, latency_ms=latency_ms)


def _announce(url: str) -> None:
    say(said(Reason(CommandCode.SANDBOX_LISTENS, url=url)))
