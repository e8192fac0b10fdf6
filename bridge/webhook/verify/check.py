"""What a verification scheme is once compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.reasons.reason import Reason
from bridge.webhook.incoming import Incoming
from bridge.webhook.redaction.secrets import SecretPlace


@dataclass(frozen=True, slots=True)
class Check:
    """One scheme: `run` gives how the sender was verified, or raises DeniedError or DocumentError."""

    run: Callable[[Incoming], Reason]
    proofs: frozenset[Reason]
    """Everything that `run` may give."""
    secrets: tuple[SecretPlace, ...] = ()
    """Every place in which it reads a secret as sent, whether or not it gets that far."""


def check_by(
    verified: Reason, prove: Callable[[Incoming], None], secrets: tuple[SecretPlace, ...] = ()
) -> Check:
    """A scheme that verifies in one way; `prove` raises where it does not hold."""

    def run(incoming: Incoming) -> Reason:
        prove(incoming)
        return verified

    return Check(run, frozenset({verified}), secrets)
