"""The shape of an answer: its status, its type and the kinds of its values, never a value. Pure.

Two answers of one shape mean the same to the owner, who is asked once whether such an answer is success.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import Final, TypeAlias

from bridge.dispatch.http.exchange import Exchange
from bridge.dispatch.http.token_redaction import mask
from bridge.dispatch.policy.answer import Answer
from bridge.model import Json
from bridge.regex import own_regex

Kinds: TypeAlias = tuple[tuple[str, str], ...]
"""Keys, each with the kind of its value."""
KEYS: Final = 20
"""Keys of an answer that are named."""
LONGEST: Final = 200
"""Characters of a key or a type that are looked at."""
TYPE: Final = own_regex(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,60}")
NAME: Final = own_regex(r"\pL[\pL\pN_.-]{0,39}")
"""What reads like the name of a field. Another key may be a value, such as an address or a number."""
DIGITS: Final = own_regex(r"\pN+")


def shape_of(seen: Exchange, answer: Answer) -> str:
    """In one line: `200 application/json {message: string, started: number}`."""
    typed = seen.headers.get("content-type", "").partition(";")[0][:LONGEST]
    document = answer.document
    if not answer.is_json:
        content: str | Kinds = "text" if answer.text.strip() else "empty"
    elif isinstance(document, dict):
        content = tuple([(key[:LONGEST], _kind(value)) for key, value in islice(document.items(), KEYS + 1)])
    else:
        content = _kind(document)
    return _described(seen.status or 0, typed, content, answer.token)


@lru_cache(maxsize=256)
def _described(status: int, typed: str, content: str | Kinds, token: str) -> str:
    """The line; remembered, because one account's answers are alike."""
    typed = mask(typed.strip().lower(), token)
    named = (typed if TYPE.fullmatch(typed) else "unknown type") if typed else "no type"
    if isinstance(content, tuple):
        kinds = sorted({(_name(key, token), kind) for key, kind in content[:KEYS]})
        more = ", …" if len(content) > KEYS else ""
        content = f"{{{', '.join(f'{name}: {kind}' for name, kind in kinds)}{more}}}"
    return f"{status} {named} {content}"


def _name(key: str, token: str) -> str:
    """The key, without what may be a value: `order_17` and `order_18` are one name."""
    name = mask(key, token)
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
