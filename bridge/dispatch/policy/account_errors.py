"""Answers in a row that no single call can be blamed for: they pause the account. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bridge.model import HTML, Attempt
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason

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
    def pause(self) -> Reason | None:
        """Why the account must pause; None when it need not."""
        if self.pages >= PAGES:
            return Reason(CallCode.PAGES_IN_A_ROW, answers=PAGES)
        if len(self.denied) >= DENIALS and len({recipient for _, recipient in self.denied}) >= RECIPIENTS:
            return Reason(CallCode.DENIED_IN_A_ROW, calls=len(self.denied))
        return None


NONE: Final = Streaks()


def after(streaks: Streaks, call_id: int, recipient: str, attempt: Attempt) -> Streaks:
    """The streaks once an attempt has ended. One without an answer neither adds nor breaks."""
    if attempt.status is None:
        return streaks
    if attempt.cause == HTML:
        return Streaks(pages=streaks.pages + 1)
    if attempt.denied:
        return replace(streaks, pages=0, denied=(*streaks.denied, (call_id, recipient))[-100:])
    return streaks if streaks == NONE else NONE
