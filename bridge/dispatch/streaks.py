"""Answers in a row that no single call can be blamed for: they pause the account. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bridge.model import Attempt, Streak

PAGES: Final = 3
"""HTML pages in a row: a login page, a firewall, maintenance."""
DENIALS: Final = 5
RECIPIENTS: Final = 3


@dataclass(frozen=True, slots=True)
class Streaks:
    """What has been going on lately with one account."""

    pages: int = 0
    denied: tuple[tuple[int, str], ...] = ()
    """Call and recipient of each refusal in the present row of denials."""

    @property
    def pause(self) -> str:
        """Why the account must pause; empty when it need not."""
        if self.pages >= PAGES:
            return f"{PAGES} answers in a row were HTML pages: a login page, a firewall or maintenance"
        if len(self.denied) >= DENIALS and len({recipient for _, recipient in self.denied}) >= RECIPIENTS:
            many = f"{len(self.denied)} calls in a row were denied (402, 403, 404, 410)"
            return f"{many}: is the token right, and the project paid for?"
        return ""


def after(streaks: Streaks, call_id: int, recipient: str, attempt: Attempt) -> Streaks:
    """The streaks once an attempt has ended. One without an answer neither adds nor breaks."""
    if attempt.status is None:
        return streaks
    match attempt.streak:
        case Streak.PAGE:
            return Streaks(pages=streaks.pages + 1)
        case Streak.DENIAL:
            return replace(streaks, pages=0, denied=(*streaks.denied, (call_id, recipient))[-100:])
        case None:
            return Streaks()
