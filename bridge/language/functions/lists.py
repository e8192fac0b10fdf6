"""Functions that make one value from a list."""

from __future__ import annotations

from bridge.jsonpath.scope import ABSENT
from bridge.language.functions.base import Arguments, Function, Step, always, bounded
from bridge.language.schema import TEXT
from bridge.language.text import text_of
from bridge.model import Json


def _join(arguments: Arguments) -> Step:
    separator = ", " if arguments.main is None else arguments.main

    def join(value: Json) -> Json:
        elements = value if isinstance(value, list) else [value]
        texts = [text_of(element) for element in elements if element is not None]
        return bounded(separator.join(texts)) if texts else ABSENT

    return join


def _first(value: Json) -> Json:
    return _at(value, 0)


def _last(value: Json) -> Json:
    return _at(value, -1)


def _at(value: Json, index: int) -> Json:
    if not isinstance(value, list):
        return value
    return value[index] if value else ABSENT


LISTS = (
    Function(
        "join",
        'joins a list into one text; the argument is the separator, ", " by default',
        _join,
        argument=TEXT,
        whole=True,
    ),
    Function(
        "first",
        "takes the first value that a path finds, or the first element of a list",
        always(_first),
        whole=True,
    ),
    Function(
        "last",
        "takes the last value that a path finds, or the last element of a list",
        always(_last),
        whole=True,
    ),
)
