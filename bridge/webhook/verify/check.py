"""The compiled form of a verification scheme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.reasons.reason import Reason
from bridge.webhook.incoming import Incoming
from bridge.webhook.redaction.secrets import SecretPlace


@dataclass(frozen=True, slots=True)
class Check:
    """A scheme: `run` returns how the sender was verified, or raises DeniedError or DocumentError."""

    run: Callable[[Incoming], Reason]
    proofs: frozenset[Reason]
    """All values that `run` may return."""
    secrets: tuple[SecretPlace, ...] = ()
    """Every place where it may read a secret in a request."""
    waits: bool = False
    """Whether it may fetch the sender's certificate."""


def check_by(
    verified: Reason,
    prove: Callable[[Incoming], None],
    secrets: tuple[SecretPlace, ...] = (),
    *,
    waits: bool = False,
) -> Check:
    """A scheme with a single result; `prove` raises if the request does not pass."""

    def run(incoming: Incoming) -> Reason:
        prove(incoming)
        return verified

    return Check(run, frozenset({verified}), secrets, waits)
