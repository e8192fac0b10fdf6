"""jsonpath-ng's parsers, made cheaply."""

from __future__ import annotations

from copy import copy
from functools import cache

from jsonpath_ng.ext.parser import ExtendedJsonPathParser


def new_parser() -> ExtendedJsonPathParser:
    """A parser of one's own, since they keep state: a copy, for making one costs a hundred times as much."""
    parser = copy(_model())
    parser.parser = copy(parser.parser)
    return parser


@cache
def _model() -> ExtendedJsonPathParser:
    return ExtendedJsonPathParser()
