"""Texts of alerts."""

from __future__ import annotations

from bridge.reasons.reason import Code


class AlertCode(Code):
    """Texts of alerts."""

    ALERT = "alert.alert"
    """The whole message: what happened how often, the latest one, and the command that shows them."""
    LAST = "alert.last"

    # How many of each kind.
    UNCERTAIN = "alert.uncertain"
    REFUSED = "alert.refused"
    PAUSED = "alert.paused"
    FAILING = "alert.failing"
    UNREADABLE = "alert.unreadable"
    AMBIGUOUS = "alert.ambiguous"
    SILENT = "alert.silent"

    # One of them.
    OF_CALL = "alert.of_call"
    OF_ACCOUNT = "alert.of_account"
    UNKNOWN_ACCOUNT = "alert.unknown_account"
    CLOCK_JUMPED = "alert.clock_jumped"
    OF_EVENT = "alert.of_event"
    OF_SOURCE = "alert.of_source"
    EXPIRED = "alert.expired"
    UNUSABLE = "alert.unusable"
    SENT_NOTHING = "alert.sent_nothing"
