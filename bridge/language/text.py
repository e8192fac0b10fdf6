"""Converts values to the text that is sent to LeadConverter."""

from __future__ import annotations

from decimal import Decimal

from bridge.errors import BridgeError
from bridge.jsonpath.scope import ABSENT
from bridge.model import Json
from bridge.reasons.reason import GeneralCode, Reason
from bridge.reasons.rules import RuleCode

THE_VALUE = Reason(RuleCode.THE_VALUE)
"""The parameter `what` of a reason if the path of the value is not known."""


class Unusable(BridgeError):
    """A value of this event is missing, or its kind cannot be used."""

    def __init__(self, reason: Reason, path: str = "", cure: Reason | None = None) -> None:
        super().__init__(reason, cure)
        self.path = path

    def about(self, what: str | Reason) -> Reason:
        """The reason with its cure. `what` replaces a value whose path was not known."""
        reason = self.reason
        if reason.params.get("what") == THE_VALUE:
            reason = Reason(reason.code, **{**reason.params, "what": what})
        return reason if self.cure is None else Reason(GeneralCode.WITH_HINT, message=reason, hint=self.cure)


def text_of(value: Json, path: str = "") -> str:
    """A scalar as text: true and false in lower case, numbers with the digits as sent.

    Raises Unusable with the path for null, lists, maps and ABSENT.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    raise _no_text(value, path)


def _no_text(value: Json, path: str) -> Unusable:
    what = path or THE_VALUE
    if value is ABSENT:
        return Unusable(Reason(RuleCode.VALUE_ABSENT, what=what), path)
    if value is None:
        return Unusable(Reason(RuleCode.VALUE_NULL, what=what), path)
    if isinstance(value, list):
        return Unusable(Reason(RuleCode.VALUE_IS_LIST, what=what), path, Reason(RuleCode.PICK_OF_LIST))
    return Unusable(Reason(RuleCode.VALUE_IS_MAP, what=what), path, Reason(RuleCode.GO_DEEPER))
