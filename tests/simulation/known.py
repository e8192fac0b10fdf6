"""What the oracle knows of calls; delivery's tables and numbers, written down a second time on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.simulation.network import Answer, Meaning

FINAL = frozenset({"done", "refused", "exhausted", "expired", "cancelled"})
LIVE = frozenset({"queued", "sending", "waiting"})
NEXT = {
    "": {"queued", "waiting", "cancelled"},
    "waiting": {"queued", "cancelled"},
    "queued": {"queued", "sending", "cancelled", "expired"},
    "sending": {"done", "refused", "uncertain", "queued", "exhausted", "expired", "cancelled"},
    "uncertain": {"done", "refused", "queued", "cancelled"},
}
PENDING = frozenset({"waiting", "queued"})
"""What a cancellation ends, and a new call of its errand replaces."""
COUNTED = {
    "call.cancelled_by_event": "cancelled:event",
    "call.cancelled_before": "cancelled:mark",
    "call.replaced": "cancelled:replaced",
    "call.waits_already": "cancelled:kept",
    "call.skipped": "cancelled:late",
}
"""The counters of cancelled calls by the code of their reason."""
BACKOFF_S = (1, 2, 5, 15, 60, 300, 900)
TRIES = 20
PATIENCE_MS = 600_000
LEASE_MS = 60_000


@dataclass(slots=True)
class Try:
    """One attempt of a call."""

    owner: str
    begun: int
    doubted: bool
    """Whether the call was in doubt before: only then does a 409 say that it ran."""
    answer: Answer | None = None
    """None until its first byte goes out."""
    meaning: Meaning | None = None
    finished: bool = False
    """Its process lived to see its end."""
    open: bool = False
    """Its connection is in use now."""


@dataclass(slots=True)
class Known:
    """One call as the outside sees it."""

    account: str
    recipient: str
    order: str
    resends_by_itself: bool
    expires_at: int
    lasts: int
    tag: str
    parent: int = 0
    errand: str = ""
    again: str = ""
    shadow: bool = False
    wanted_at: int = 0
    """Before this moment it is not sent."""
    state: str = "queued"
    tries: dict[int, Try] = field(default_factory=dict)
    runs: int = 0
    resends: int = 0
    ordered: int = 0
    """Resends that a person asked for."""
    doubted: bool = False
    risked: int = 0
    """Answers after which it may have run, and which its account repeats all the same."""
    due_at: int = 0
    first_retry: int | None = None
    place: int = 0
    """When it became queued, in the order of all calls."""
    queued_at: int = 0
    ended_at: int = 0
    cancelled: bool = False
    """Its errand was cancelled while it was being sent or in doubt: it is not tried again."""

    def blocks(self, now: int) -> bool:
        """Whether later calls of its recipient must wait for it."""
        if self.state == "sending":
            return True
        if self.order == "strict":
            return self.state in ("queued", "uncertain")
        if self.order == "none" or self.doubted or self.state != "queued":
            return False
        return self.first_retry is None or now < self.first_retry + PATIENCE_MS


class Broken(BaseException):
    """A promise was broken. Nothing in the code that is tried may catch this."""


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Broken(otherwise)
