"""What a verification scheme is once compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.webhook.incoming import Incoming


@dataclass(frozen=True, slots=True)
class Check:
    """One scheme: `run` says in words what was proved, or raises DeniedError or DocumentError."""

    words: str
    run: Callable[[Incoming], str]
