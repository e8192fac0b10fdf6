"""What reaches LeadConverter is checked before it is stored: ids, names and texts."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

from bridge.jsonpath.scope import ABSENT
from bridge.language.functions.base import quote
from bridge.language.text import Unusable, text_of
from bridge.model import Json

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
        raise Unusable(f"{_described(value)}, an id is a positive whole number in digits")
    if not 0 < number < 10**MAX_ID_DIGITS:
        raise Unusable(
            f"{_described(value)}, an id is a positive whole number of at most {MAX_ID_DIGITS} digits"
        )
    return number


def messenger_id(value: Json) -> str:
    """A text that is not blank, or a number in its digits; raises Unusable."""
    if value is None or value is ABSENT or isinstance(value, bool):
        raise Unusable(f"{_described(value)}, a messenger's id is a text")
    text = clean(text_of(value))
    if not text.strip():
        raise Unusable("is empty, a messenger's id is a text")
    if len(text) > MAX_MESSENGER_ID:
        raise Unusable(f"has {len(text):,} characters, a messenger's id has at most {MAX_MESSENGER_ID}")
    return text


def contact_kind(user_id: str) -> Literal["", "email", "phone"]:
    """What a `user_id` seems to be instead of a messenger's id; WhatsApp's own ids end in its domains."""
    if "@" in user_id and not user_id.endswith(_WHATSAPP):
        return "email"
    return "phone" if user_id.startswith("+") else ""


def variable_text(text: str) -> str:
    """The text of a variable, within its length; raises Unusable."""
    if len(text) > MAX_VARIABLE:
        raise Unusable(f"has {len(text):,} characters, a variable has at most {MAX_VARIABLE:,}")
    return clean(text)


def clean(text: str) -> str:
    """The text, unless it holds what no database or URL carries; raises Unusable."""
    if _NO_TEXT.search(text):
        raise Unusable("holds a NUL character or half of a surrogate pair, which is no text")
    return text


def name_fault(name: str) -> str | None:
    """What is wrong with a variable's name; None where nothing is."""
    if not name.strip():
        return "a variable needs a name"
    if len(name) > MAX_NAME:
        return f"a variable name of {len(name):,} characters is longer than {MAX_NAME}"
    if found := _NO_NAME.search(name):
        what = (
            f'the bracket "{found[0]}"' if found[0] in "[]" else f"the control character {ord(found[0]):#04x}"
        )
        return f"a variable name cannot hold {what}"
    return None


def _described(value: Json) -> str:
    if value is ABSENT:
        return "is absent"
    if value is None:
        return "is null"
    if isinstance(value, Decimal):
        return f"is {quote(value)} with a fraction"
    return "is empty" if value == "" else f"is {quote(value)}"
