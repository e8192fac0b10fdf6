"""The body of an answer: JSON, text or HTML, and the sentence in it. Pure, and linear in the body."""

from __future__ import annotations

import codecs
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import field
from itertools import islice
from typing import Final

from bridge.dispatch.http.exchange import Exchange
from bridge.dispatch.http.token_redaction import mask
from bridge.frozen import frozen
from bridge.jsonpath.exact_numbers import from_json
from bridge.model import Json
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.regex import own_regex

KEPT: Final = 2048
"""Bytes of an answer that are kept for the owner; also how long a text may be and still be a short one."""
UNPACKED_LIMIT: Final = 1 << 20
SAYINGS: Final = 20
"""Messages of one answer that are looked at."""
LINE: Final = 1200
"""Characters of a message that are looked at to make a line of 300."""

HTML_MARK: Final = own_regex(r"(?i)<(?:!doctype|html|head|body|title|meta|script|form|div|h1|p|br)\b")
TITLE: Final = own_regex(r"(?i)<title[^>]*>([^<]{1,200})")
CONTROL: Final = own_regex(r"[\x00-\x08\x0b\x0e-\x1f]")
MESSAGE_KEYS = ("message", "error", "error_description", "description", "detail", "errors")
BLANK: Final = "\ufeff \t\r\n"
CHARSETS: Final = ("utf-", "iso-8859-", "iso8859-", "latin", "windows-125", "cp", "koi8-", "us-ascii")
"""How the charsets begin that are decoded; Python knows slow ones (punycode) and some that are none (zip)."""


@frozen
class Answer:
    """A body, decoded as far as it can be."""

    text: str
    """Its beginning as it may be kept: the token masked."""
    document: Json = None
    """What the whole body says, nothing masked."""
    is_json: bool = False
    is_html: bool = False
    claims_json: bool = False
    """Its content type says JSON, or its text begins as JSON does, whatever it is."""
    readable: bool = True
    """False for compressed or binary content that could not be made a text."""
    is_long: bool = False
    """Longer than what is kept of it."""
    token: str = field(default="", repr=False)
    """What no message may hold, even where JSON spelled it with escapes."""


def decode(seen: Exchange, token: str = "") -> Answer:
    """The body of what was seen. PHP labels JSON as HTML, so the content decides.

    JSON is read whole; whatever else is done to the text is done to the part that is kept.
    """
    raw = unpacked(seen.body, seen.headers.get("content-encoding", ""))
    kind = seen.headers.get("content-type", "").lower()
    claims_json = "json" in kind.partition(";")[0]
    if raw is None:
        return Answer("", readable=False, claims_json=claims_json)
    whole = decoded(raw, kind)
    bare = whole.strip(BLANK)
    document, is_json = parsed(bare)
    beginning = whole[:KEPT]
    said = (document if isinstance(document, str) else "" if is_json else beginning)[:KEPT].lstrip(BLANK)
    is_html = said.startswith("<") or (said != "" and HTML_MARK.search(said) is not None)
    return Answer(
        text=mask(beginning, token),
        document=document if is_json else None,
        is_json=is_json and not is_html,
        is_html=is_html,
        claims_json=claims_json or bare.startswith(("{", "[{")),
        readable=is_json or is_html or CONTROL.search(beginning) is None,
        is_long=len(raw) > KEPT,
        token=token,
    )


def decoded(raw: bytes, content_type: str) -> str:
    """The text in the charset of its byte order mark, else of its content type, else in UTF-8.

    Undecodable bytes become replacement marks.
    """
    if raw.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode(json.detect_encoding(raw), errors="replace")
    name = content_type.partition("charset=")[2].partition(";")[0].strip("\"' ")
    try:
        return raw.decode(name if name.startswith(CHARSETS) else "utf-8", errors="replace")
    except (LookupError, ValueError):
        # Python raises ValueError for a name with NUL in it.
        return raw.decode("utf-8", errors="replace")


def unpacked(raw: bytes, encoding: str) -> bytes | None:
    """The body without the compression that some servers apply unasked; None where that fails."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return raw
    if name not in ("gzip", "x-gzip", "deflate"):
        return None
    try:
        return zlib.decompressobj(47 if "gzip" in name else 15).decompress(raw, UNPACKED_LIMIT)
    except zlib.error:
        return None


def parsed(text: str) -> tuple[Json, bool]:
    """The JSON document that the whole text is, and whether it is one."""
    try:
        return from_json(text), True
    except (ValueError, ArithmeticError, RecursionError):
        return None, False


def message_of(answer: Answer) -> Reason | str:
    """What the answer says to a person, or what it is instead; may be empty."""
    words = words_of(answer)
    if answer.is_html:
        return Reason(CallCode.HTML_PAGE_TITLED, title=words) if words else Reason(CallCode.HTML_PAGE)
    return words if answer.readable else Reason(CallCode.UNREADABLE_CONTENT)


def words_of(answer: Answer) -> str:
    """The answer's own words, in one line of at most 300 characters; of a page its title. May be empty."""
    if answer.is_html:
        title = TITLE.search(answer.text)
        return one_line(title[1]) if title else ""
    if not answer.readable:
        return ""
    if not answer.is_json:
        return one_line(answer.text)
    said = "; ".join(distinct(one[:LINE] for one in islice(sayings(answer.document), SAYINGS)))
    return one_line(mask(said[:LINE], answer.token))


def distinct(texts: Iterable[str]) -> list[str]:
    """Without those that another says with the name of its field: Laravel's `message` is its first error."""
    said = list(dict.fromkeys(texts))
    return [text for text in said if not any(other.endswith(f": {text}") for other in said)]


def sayings(document: Json, label: str = "", depth: int = 0) -> Iterator[str]:
    """The messages in a JSON answer; Laravel's `errors` come with the name of their field."""
    if isinstance(document, str) and document.strip():
        yield f"{label}: {document}" if label and not document.startswith(f"{label}:") else document
    elif isinstance(document, list) and depth < 4:
        for element in document[:10]:
            yield from sayings(element, label, depth + 1)
    elif isinstance(document, dict) and depth < 4:
        yield from sayings_of_map(document, depth)


def sayings_of_map(document: dict[str, Json], depth: int) -> Iterator[str]:
    for key in MESSAGE_KEYS:
        if key != "errors" or not isinstance(document.get(key), dict):
            yield from sayings(document.get(key), depth=depth + 1)
            continue
        for name, value in islice(document[key].items(), 10):
            yield from sayings(value, name, depth + 1)


def one_line(text: str) -> str:
    """Control characters and runs of blanks become single blanks; long texts are cut."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[:LINE]).split())
    return line if len(line) <= 300 else f"{line[:299]}…"
