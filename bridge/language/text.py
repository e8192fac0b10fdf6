"""Values as the text that LeadConverter gets."""

from __future__ import annotations

from decimal import Decimal

from bridge.errors import BridgeError
from bridge.jsonpath.scope import ABSENT
from bridge.model import Json
from bridge.reasons.reason import GeneralCode, Reason
from bridge.reasons.rules import RuleCode

THE_VALUE = Reason(RuleCode.THE_VALUE)
"""What a reason is about where the path of the value is not known: the parameter `what`."""


class Unusable(BridgeError):
    """A value is missing, or of a kind that cannot be used where it is needed, for this event."""

    def __init__(self, reason: Reason, path: str = "", cure: Reason | None = None) -> None:
        super().__init__(reason, cure)
        self.path = path

    def about(self, what: str | Reason) -> Reason:
        """The reason with its cure, and with this for a value whose path was not known."""
        reason = self.reason
        if reason.params.get("what") == THE_VALUE:
            reason = Reason(reason.code, **{**reason.params, "what": what})
        return reason if self.cure is None else Reason(GeneralCode.WITH_HINT, message=reason, hint=self.cure)


def text_of(value: Json, path: str = "") -> str:
    """A scalar as text: true and false in small letters, numbers in the digits they were sent with.

    Raises Unusable, naming the path, for null, lists, maps and what is absent.
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
