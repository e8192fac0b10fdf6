"""Functions that decode or encode."""

from __future__ import annotations

import base64
import binascii
import hashlib
from urllib.parse import unquote_to_bytes

from bridge.jsonpath.exact_numbers import from_json, to_json
from bridge.jsonpath.path import PathError, compile_path
from bridge.jsonpath.scope import Scope
from bridge.language.functions.base import (
    Arguments,
    Function,
    Many,
    Step,
    always,
    bounded,
    quote,
    shown_number,
    unless_blank,
)
from bridge.language.schema import TEXT, Plain
from bridge.language.text import Unusable, text_of
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

MAX_JSON = 1 << 20
"""Maximum length of JSON text for `json`, the same as for a document."""

MAX_DEPTH = 64

_HASHES = ("sha256", "sha1", "md5", "sha512")
_URLSAFE = str.maketrans("-_", "+/", " \t\r\n")


def _json(arguments: Arguments) -> Step:
    """Build a step that reads JSON text. The argument is a path in the document."""
    if arguments.main is None:
        return unless_blank(_parsed)
    try:
        path = compile_path(arguments.main)
    except PathError as error:
        raise arguments.unfit("json", error.reason) from error
    if path.root != "$":
        wanted = Reason(FindingCode.PATH_OF_BODY)
        raise arguments.unfit("json", Reason(FindingCode.EXPECTED, expected=wanted, found=quote(path.text)))

    def inside(value: Json) -> Json:
        scope = Scope(_parsed(value), {}, {}, {})
        return path.first(scope) if path.definite else Many(path.find(scope))

    return unless_blank(inside)


def _parsed(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    if len(value) > MAX_JSON:
        raise Unusable(Reason(RuleCode.JSON_TOO_LONG, count=len(value), most=shown_number(MAX_JSON)))
    try:
        document = from_json(value)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Unusable(Reason(RuleCode.NOT_JSON, found=quote(value))) from error
    if _deeper(document, MAX_DEPTH):
        raise Unusable(Reason(RuleCode.JSON_TOO_DEEP, most=MAX_DEPTH))
    return document


def _deeper(document: Json, limit: int) -> bool:
    level = [document]
    for _ in range(limit + 1):
        level = [child for node in level for child in _children(node)]
        if not level:
            return False
    return True


def _children(node: Json) -> list[Json]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _to_json(value: Json) -> str:
    return bounded(to_json(value))


def _base64(arguments: Arguments) -> Step:
    return _encoded if arguments.main == "encode" else unless_blank(_decoded)


def _encoded(value: Json) -> str:
    return base64.b64encode(_utf8(bounded(text_of(value)))).decode("ascii")


def _decoded(value: Json) -> str:
    """Decode base64 in both alphabets, with or without padding."""
    text = text_of(value)
    bare = text.translate(_URLSAFE).rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise Unusable(Reason(RuleCode.NOT_BASE64, found=quote(text))) from error


def _urldecode(value: Json) -> str:
    text = text_of(value)
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except ValueError as error:
        raise Unusable(Reason(RuleCode.NOT_UTF_8, found=quote(text))) from error


def _hash(arguments: Arguments) -> Step:
    algorithm = arguments.main or "sha256"

    def digest(value: Json) -> str:
        return hashlib.new(algorithm, _utf8(text_of(value)), usedforsecurity=False).hexdigest()

    return digest


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Unusable(Reason(RuleCode.HALF_A_PAIR)) from error


CODECS = (
    Function("json", "reads JSON text; the argument is a path in it", _json, argument=TEXT),
    Function("to_json", "writes any value as JSON text", always(_to_json), whole=True),
    Function(
        "base64",
        "decodes base64 to text, or encodes it with the argument `encode`",
        _base64,
        argument=Plain("text", ("decode", "encode")),
    ),
    Function("urldecode", "decodes percent-encoding; a plus becomes a space", always(_urldecode)),
    Function(
        "hash",
        "makes the hexadecimal digest of a text; the argument is the algorithm, sha256 by default",
        _hash,
        argument=Plain("text", _HASHES),
    ),
)
