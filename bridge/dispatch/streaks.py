"""Answers in a row that no single call can be blamed for: they pause the account. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bridge.dispatch.outcome import BLOCKED, UNSUBSCRIBED
from bridge.model import Attempt, Outcome

PAGES: Final = 3
"""HTML pages in a row: a login page, a firewall, maintenance."""
DENIALS: Final = 5
RECIPIENTS: Final = 3
DENIED: Final = frozenset({403, 404, 410})


@dataclass(frozen=True, slots=True)
class Streaks:
    """What has been going on lately with one account."""

    pages: int = 0
    denied: tuple[tuple[int, str], ...] = ()
    """Call and recipient of each refusal in the present row of 403, 404 and 410."""

    @property
    def pause(self) -> str:
        """Why the account must pause; empty when it need not."""
        if self.pages >= PAGES:
            return f"{PAGES} answers in a row were HTML pages: a login page, a firewall or maintenance"
        if len(self.denied) >= DENIALS and len({recipient for _, recipient in self.denied}) >= RECIPIENTS:
            return f"{len(self.denied)} calls in a row were answered 403, 404 or 410: the token may be wrong"
        return ""


def after(streaks: Streaks, call_id: int, recipient: str, attempt: Attempt) -> Streaks:
    """The streaks once an attempt has ended. One without an answer neither adds nor breaks."""
    if attempt.status is None:
        return streaks
    if is_page(attempt):
        return Streaks(pages=streaks.pages + 1)
    if is_denial(attempt):
        return replace(streaks, pages=0, denied=(*streaks.denied, (call_id, recipient))[-100:])
    return Streaks()


def is_page(attempt: Attempt) -> bool:
    """A 2xx whose content was a page for people."""
    return (
        attempt.outcome is Outcome.UNCERTAIN
        and "an HTML page" in attempt.reason
        and attempt.status in range(200, 300)
    )


def is_denial(attempt: Attempt) -> bool:
    """A refusal that a wrong token may explain, not one about the subscriber's own wish."""
    return (
        attempt.status in DENIED
        and attempt.outcome is Outcome.REFUSED
        and not attempt.reason.startswith((UNSUBSCRIBED, BLOCKED))
    )
