"""The shape of an answer: its status, its type and the kinds of its values, never a value. Pure.

Two answers of one shape mean the same to the owner, who is asked once whether such an answer is success.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from bridge.dispatch.answer import Answer
from bridge.dispatch.mask import mask
from bridge.dispatch.seen import Seen
from bridge.language.regex import own_regex
from bridge.model import Json

KEYS: Final = 20
"""Keys of an answer that are named."""
TYPE: Final = own_regex(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,60}")
NAME: Final = own_regex(r"\pL[\pL\pN_.-]{0,39}")
"""What reads like the name of a field. Another key may be a value, such as an address or a number."""
DIGITS: Final = own_regex(r"\pN+")


def shape_of(seen: Seen, answer: Answer) -> str:
    """In one line: `200 application/json {message: string, started: number}`."""
    kind = seen.headers.get("content-type", "").partition(";")[0].strip().lower()
    named = mask(kind, answer.token)
    typed = (named if TYPE.fullmatch(named) else "unknown type") if kind else "no type"
    return f"{seen.status} {typed} {_content(answer)}"


def _content(answer: Answer) -> str:
    if not answer.is_json:
        return "text" if answer.text.strip() else "empty"
    document = answer.document
    if not isinstance(document, dict):
        return _kind(document)
    kinds = {(_name(key, answer.token), _kind(value)) for key, value in islice(document.items(), KEYS)}
    more = ", …" if len(document) > KEYS else ""
    return f"{{{', '.join(f'{name}: {kind}' for name, kind in sorted(kinds))}{more}}}"


def _name(key: str, token: str) -> str:
    """The key, without what may be a value: `order_17` and `order_18` are one name."""
    name = mask(key[:100], token)
    return DIGITS.sub(lambda _: "#", name) if NAME.fullmatch(name) else "*"


def _kind(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case list():
            return "list"
        case dict():
            return "object"
    return "number"
