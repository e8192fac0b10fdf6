"""What the body of an answer says: JSON, text or HTML, and whether it speaks of failure. Pure.

LeadConverter documents no answers of this method, so nothing is demanded; signs of failure are looked for.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from bridge.dispatch.mask import mask
from bridge.dispatch.seen import Seen
from bridge.model import Json

KEPT: Final = 2048
"""Bytes of an answer that are kept for the owner; also how long a text may be and still be a short one."""
UNPACKED_LIMIT: Final = 1 << 20

HTML_MARK = re.compile(r"<(?:!doctype|html|head|body|title|meta|script|form|div|h1|p|br)\b", re.IGNORECASE)
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f]")
TEXT_FAILURE = re.compile(r"(?:error|fail|false\b|exception|ошибка)", re.IGNORECASE)
PACE_WORDS = re.compile(
    r"too many (?:requests|attempts)|rate.?limit|throttl|слишком (?:много|часто)|превышен\w* лимит",
    re.IGNORECASE,
)
AUTH_WORDS = re.compile(
    r"unauthenticated|unauthori[sz]ed|(?:invalid|wrong|bad|expired|unknown) (?:api.?)?token"
    r"|token (?:is )?(?:invalid|expired|not found|wrong)"
    r"|не\s?(?:верн|действительн|правильн|известн)\w* токен|токен \w*\s?(?:не\w+|ист[её]к\w*)",
    re.IGNORECASE,
)
FAILED_WORDS = frozenset({"error", "fail", "failed", "failure"})
CODE_KEYS = ("code", "error_code", "status_code", "status")
MESSAGE_KEYS = ("message", "error", "error_description", "description", "detail", "errors")


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, decoded as far as it can be."""

    text: str
    document: Json = None
    is_json: bool = False
    is_html: bool = False
    claims_json: bool = False
    """Its content type says JSON, whatever it is."""
    readable: bool = True
    """False for compressed or binary content that could not be made a text."""
    token: str = field(default="", repr=False)
    """What no message may hold, even where JSON spelled it with escapes."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a JSON or text answer says went wrong."""

    message: str
    like: int
    """The status that such an answer should have had: 401, 429 or 422."""


def decode(seen: Seen, token: str = "") -> Answer:
    """The body of what was seen, the token masked. PHP labels JSON as HTML, so the content decides."""
    raw = unpacked(seen.body, seen.headers.get("content-encoding", ""))
    kind = seen.headers.get("content-type", "").lower()
    claims_json = "json" in kind.partition(";")[0]
    if raw is None:
        return Answer("", readable=False, claims_json=claims_json)
    text = mask(decoded(raw, kind), token)
    stripped = text.lstrip("\ufeff \t\r\n")
    document, is_json = parsed(stripped)
    is_html = not is_json and (stripped.startswith("<") or HTML_MARK.search(stripped) is not None)
    readable = is_json or is_html or CONTROL.search(raw) is None
    return Answer(text, document, is_json, is_html, claims_json, readable, token)


def decoded(raw: bytes, content_type: str) -> str:
    """The text in the charset it claims, UTF-8 otherwise; undecodable bytes become replacement marks."""
    charset = re.search(r"charset=\"?([\w.:-]+)", content_type)
    try:
        return raw.decode(charset[1] if charset else "utf-8", errors="replace")
    except LookupError:
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
        return json.loads(text), True
    except (ValueError, RecursionError):
        return None, False


def complaint(answer: Answer) -> Complaint | None:
    """What a complete 2xx answer says went wrong; None when it shows no sign of failure."""
    if answer.is_json:
        if not says_failure(answer.document):
            return None
        message = message_of(answer)
        return Complaint(message, likeness(answer.document, message))
    if TEXT_FAILURE.match(answer.text.lstrip("\ufeff \t\r\n")):
        message = message_of(answer)
        return Complaint(message, likeness(None, message))
    return None


def says_failure(document: Json) -> bool:
    """`success: false`, `status: "error"`, a filled `error` or `errors`, or a bare `false`."""
    if not isinstance(document, dict):
        return document is False
    if any(is_no(document[key]) for key in ("success", "ok") if key in document):
        return True
    status = document.get("status")
    if status is False or (isinstance(status, str) and status.strip().lower() in FAILED_WORDS):
        return True
    return any(not is_empty(document.get(key)) for key in ("error", "errors"))


def is_no(value: Json) -> bool:
    """False as PHP programs spell it: false, 0, "0", "false"."""
    return value is False or value == 0 or (isinstance(value, str) and value.lower() in ("0", "false", "no"))


def is_empty(value: Json) -> bool:
    """What programs put into `error` when there is none."""
    return value is None or value == "" or value == [] or value == {} or is_no(value)


def likeness(document: Json, message: str) -> int:
    """Which status an answer of failure stands for: 429 and 401 concern the account, 422 the call alone."""
    codes = set(codes_of(document))
    if 429 in codes or PACE_WORDS.search(message):
        return 429
    if 401 in codes or AUTH_WORDS.search(message):
        return 401
    return 422


def codes_of(document: Json) -> Iterator[int]:
    """Numbers that a failure gives as its code, at the top or inside `error`."""
    if not isinstance(document, dict):
        return
    for key in CODE_KEYS:
        value = document.get(key)
        if isinstance(value, int | str) and str(value).isdecimal() and len(str(value)) < 6:
            yield int(value)
    yield from codes_of(document.get("error"))


def message_of(answer: Answer) -> str:
    """What the answer says to a person, in one line of at most 300 characters; may be empty."""
    if answer.is_html:
        title = re.search(r"<title[^>]*>([^<]{1,200})", answer.text, re.IGNORECASE)
        return one_line(f"an HTML page, {title[1]}") if title else "an HTML page"
    if not answer.readable:
        return "unreadable content"
    text = "; ".join(distinct(sayings(answer.document))) if answer.is_json else answer.text
    return one_line(mask(text, answer.token))


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
        for name, value in list(document[key].items())[:10]:
            yield from sayings(value, name, depth + 1)


def one_line(text: str) -> str:
    """Control characters and runs of blanks become single blanks; long texts are cut."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[:1200]).split())
    return line if len(line) <= 300 else f"{line[:299]}…"
