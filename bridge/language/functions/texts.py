"""Functions that change a text."""

from __future__ import annotations

import re

from bridge.language.functions.base import Arguments, Function, Step, always, bounded
from bridge.language.schema import INTEGER, TEXT, ListOf, expected
from bridge.language.text import text_of
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason

_WORD = re.compile(r"[^\s\-]+")


def _trim(value: Json) -> str:
    return text_of(value).strip()


def _lower(value: Json) -> str:
    return bounded(text_of(value)).lower()


def _upper(value: Json) -> str:
    return bounded(text_of(value)).upper()


def _title(value: Json) -> str:
    """Capitalize each word: "иван петров-водкин" gives "Иван Петров-Водкин"."""
    return _WORD.sub(lambda word: word[0][:1].upper() + word[0][1:].lower(), bounded(text_of(value)))


def _digits(value: Json) -> str:
    return "".join(sign for sign in text_of(value) if sign in "0123456789")


def _length(value: Json) -> int:
    """The number of characters of a text, elements of a list or entries of an object."""
    return len(value) if isinstance(value, list | dict) else len(text_of(value))


def _slice(arguments: Arguments) -> Step:
    written = arguments.main
    if len(written) not in (1, 2):
        raise arguments.unfit("slice", Reason(FindingCode.ONE_OR_TWO_NUMBERS, found=len(written)))
    bounds = slice(*written)

    def cut(value: Json) -> Json:
        return type(value)(value[bounds]) if isinstance(value, list) else text_of(value)[bounds]

    return cut


def _split(arguments: Arguments) -> Step:
    separator = arguments.main
    if not separator:
        raise arguments.unfit("split", expected(FindingCode.A_SEPARATOR, FindingCode.EMPTY_TEXT))

    def split(value: Json) -> Json:
        return [part.strip() for part in bounded(text_of(value)).split(separator)]

    return split


TEXTS = (
    Function("trim", "removes spaces and line breaks at both ends", always(_trim)),
    Function("lower", "makes every letter lower-case", always(_lower)),
    Function("upper", "makes every letter upper-case", always(_upper)),
    Function(
        "title", "makes the first letter of each word upper-case, the others lower-case", always(_title)
    ),
    Function("digits", "keeps only the digits 0 to 9", always(_digits)),
    Function(
        "length",
        "counts the characters of a text, or the elements of a list or object",
        always(_length),
        whole=True,
    ),
    Function(
        "slice",
        "takes a part: the first `n`, or `[from, to]` counted from 0, negative from the end",
        _slice,
        argument=ListOf(INTEGER, or_one=True),
        required=True,
        whole=True,
    ),
    Function(
        "split",
        "splits a text at a separator into a list, and removes spaces around each part",
        _split,
        argument=TEXT,
        required=True,
    ),
)
