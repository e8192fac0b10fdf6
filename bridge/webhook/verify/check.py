"""What a verification scheme is once compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.webhook.incoming import Incoming
from bridge.webhook.redaction.secrets import SecretPlace


@dataclass(frozen=True, slots=True)
class Check:
    """One scheme: `run` says in words what was proved, or raises DeniedError or DocumentError."""

    words: str
    run: Callable[[Incoming], str]
    secrets: tuple[SecretPlace, ...] = ()
    """Every place in which it reads a secret as sent, whether or not it gets that far."""
    said: frozenset[str] = frozenset()
    """What `run` may give, where that is not `words`."""

    @property
    def proofs(self) -> frozenset[str]:
        """Everything that `run` may give."""
        return self.said or frozenset({self.words})
