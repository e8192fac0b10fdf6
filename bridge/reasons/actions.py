"""What a person, or the bridge by itself, decided and did."""

from __future__ import annotations

from bridge.reasons.reason import Code


class ActionCode(Code):
    """What a person, or the bridge by itself, decided and did."""

    PAUSE = "action.pause"
    RESUME = "action.resume"
    CANCEL = "action.cancel"
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
