"""What the client saw of one request: how far it got, and what came back. A plain value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from bridge.frozen import frozen
from bridge.reasons.reason import Reason


class Phase(StrEnum):
    """How far a request got. The phase, never an exception's type, tells whether it may have run."""

    BUILDING = "building"
    RESOLVING = "resolving"
    CONNECTING = "connecting"
    TLS = "tls"
    SENDING = "sending"
    """Some bytes are not handed over yet, so no server can have the whole request."""
    WAITING = "waiting"
    """Every byte was handed over; none of the answer has come."""
    READING = "reading"
    COMPLETE = "complete"


BEFORE_SENT = frozenset({Phase.BUILDING, Phase.RESOLVING, Phase.CONNECTING, Phase.TLS, Phase.SENDING})
"""Phases in which a failure means that LeadConverter cannot have run the call."""


@frozen
class Exchange:
    """One request as far as it went. `fault` is None only when the phase is complete."""

    phase: Phase
    fault: Reason | None = None
    """What went wrong; its text follows "but" or "then"."""
    bad_certificate: bool = False
    sent: int = 0
    total: int = 0
    """Bytes handed over, of bytes to hand over."""
    status: int | None = None
    """None until the answer's whole head was read."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names; the first of a repeated header."""
    body: bytes = b""
    framed: bool = True
    """The answer said where its body ends; if not, an end is told from a cut only by what was read."""
    oversized: bool = False
    """Complete as far as it was wanted: reading stopped at the cap."""
    cause: str = ""
    """The fault as one of `model.CAUSES`; empty when the phase is complete."""
