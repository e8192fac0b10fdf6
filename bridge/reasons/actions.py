"""Decisions of a person or of the bridge, as the audit shows them."""

from __future__ import annotations

from bridge.reasons.reason import Code


class ActionCode(Code):
    """Decisions of a person or of the bridge, as the audit shows them."""

    PAUSE = "action.pause"
    RESUME = "action.resume"
    TRUST_CLOCK = "action.trust_clock"
    CANCEL = "action.cancel"
    SEND_NOW = "action.send_now"
    RESOLVE_DONE = "action.resolve_done"
    RESOLVE_CANCELLED = "action.resolve_cancelled"
    RESEND = "action.resend"
    SEND_AGAIN = "action.send_again"
    CONFIRM_SUCCESS = "action.confirm_success"
    REPLAY = "action.replay"
    READ_AGAIN = "action.read_again"
    TAKE_REPEAT = "action.take_repeat"
    MADE_OF_REPEAT = "action.made_of_repeat"
    SAVE = "action.save"
    PURGE = "action.purge"
