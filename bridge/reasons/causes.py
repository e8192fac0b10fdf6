"""Causes of uncertain calls: why a call may have run."""

from __future__ import annotations

from typing import Final

from bridge.reasons.reason import Code, Reason

_STATUS: Final = "http_"


class CauseCode(Code):
    """Why a call may have run. Calls store the part behind the point."""

    HTTP = "cause.http"
    """An answer with a `status` that leaves the result open; stored as `http_502`."""
    TIMEOUT = "cause.timeout"
    RESET = "cause.reset"
    EOF = "cause.eof"
    LOST = "cause.lost"
    GARBAGE = "cause.garbage"
    CUT = "cause.cut"
    HTML = "cause.html"
    UNREADABLE = "cause.unreadable"
    DIED = "cause.died"
    WATCHDOG = "cause.watchdog"
    INTERNAL = "cause.internal"
    RECORDED = "cause.recorded"
    """A call of an older version, which stored no cause."""
    OTHER = "cause.other"
    """A cause that this version does not know: `cause`."""


_KNOWN: Final = {
    "timeout": Reason(CauseCode.TIMEOUT),
    "reset": Reason(CauseCode.RESET),
    "eof": Reason(CauseCode.EOF),
    "lost": Reason(CauseCode.LOST),
    "garbage": Reason(CauseCode.GARBAGE),
    "cut": Reason(CauseCode.CUT),
    "html": Reason(CauseCode.HTML),
    "unreadable": Reason(CauseCode.UNREADABLE),
    "died": Reason(CauseCode.DIED),
    "watchdog": Reason(CauseCode.WATCHDOG),
    "internal": Reason(CauseCode.INTERNAL),
    "recorded": Reason(CauseCode.RECORDED),
}


def because(cause: str) -> Reason:
    """The cause that a call stores, as a reason."""
    if cause.startswith(_STATUS):
        return Reason(CauseCode.HTTP, status=cause.removeprefix(_STATUS))
    return _KNOWN.get(cause) or Reason(CauseCode.OTHER, cause=cause)
