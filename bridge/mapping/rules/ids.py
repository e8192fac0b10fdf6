"""Checks ids, names and texts before they are stored and sent to LeadConverter."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

from bridge.jsonpath.scope import ABSENT
from bridge.language.functions.base import quote, shown_number
from bridge.language.text import THE_VALUE, Unusable, text_of
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

MAX_ID_DIGITS = 18
MAX_MESSENGER_ID = 255
MAX_NAME = 200
MAX_VARIABLE = 65_536

_WHATSAPP = ("@c.us", "@g.us", "@s.whatsapp.net")
_ID = re.compile(r"[0-9]{1,18}")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_NO_NAME = re.compile("[\\[\\]\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def whole_id(value: Json) -> int:
    """A positive integer, or a text of ASCII digits that spells one; raises Unusable."""
    if isinstance(value, str) and _ID.fullmatch(value):
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        raise Unusable(Reason(RuleCode.NO_ID, what=THE_VALUE, found=_described(value)))
    if not 0 < number < 10**MAX_ID_DIGITS:
        found = _described(value)
        raise Unusable(Reason(RuleCode.ID_TOO_LONG, what=THE_VALUE, found=found, most=MAX_ID_DIGITS))
    return number


def messenger_id(value: Json) -> str:
    """A text that is not blank, or a number in its digits; raises Unusable."""
    if value is None or value is ABSENT or isinstance(value, bool):
        raise Unusable(Reason(RuleCode.NO_MESSENGER_ID, what=THE_VALUE, found=_described(value)))
    text = clean(text_of(value))
    if not text.strip():
        raise Unusable(Reason(RuleCode.NO_MESSENGER_ID, what=THE_VALUE, found=Reason(RuleCode.IS_EMPTY)))
    if len(text) > MAX_MESSENGER_ID:
        most = MAX_MESSENGER_ID
        raise Unusable(Reason(RuleCode.MESSENGER_ID_TOO_LONG, what=THE_VALUE, count=len(text), most=most))
    return text


def contact_kind(user_id: str) -> Literal["", "email", "phone"]:
    """What a `user_id` seems to be instead of a messenger's id. WhatsApp's ids contain an @, too."""
    if "@" in user_id and not user_id.endswith(_WHATSAPP):
        return "email"
    return "phone" if user_id.startswith("+") else ""


def variable_text(text: str) -> str:
    """The text of a variable, within its length; raises Unusable."""
    if len(text) > MAX_VARIABLE:
        most = shown_number(MAX_VARIABLE)
        raise Unusable(Reason(RuleCode.VARIABLE_TOO_LONG, what=THE_VALUE, count=len(text), most=most))
    return clean(text)


def clean(text: str) -> str:
    """The text, if databases and URLs can hold it; raises Unusable."""
    if _NO_TEXT.search(text):
        raise Unusable(Reason(RuleCode.NO_TEXT, what=THE_VALUE))
    return text


def name_fault(name: str) -> Reason | None:
    """What is wrong with a variable's name; None if it is valid."""
    if not name.strip():
        return Reason(RuleCode.NAME_MISSING)
    if len(name) > MAX_NAME:
        return Reason(RuleCode.NAME_TOO_LONG, count=len(name), most=MAX_NAME)
    if found := _NO_NAME.search(name):
        if found[0] in "[]":
            return Reason(RuleCode.NAME_HAS_BRACKET, sign=found[0])
        return Reason(RuleCode.NAME_HAS_CONTROL, sign=f"{ord(found[0]):#04x}")
    return None


def _described(value: Json) -> Reason:
    if value is ABSENT:
        return Reason(RuleCode.IS_ABSENT)
    if value is None:
        return Reason(RuleCode.IS_NULL)
    if value == "":
        return Reason(RuleCode.IS_EMPTY)
    return Reason(RuleCode.IS_FRACTION if isinstance(value, Decimal) else RuleCode.IS, value=quote(value))
