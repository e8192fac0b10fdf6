"""Creates jsonpath-ng's parsers by copying one."""

from __future__ import annotations

from copy import copy
from functools import cache

from jsonpath_ng.ext.parser import ExtendedJsonPathParser


def new_parser() -> ExtendedJsonPathParser:
    """A new parser, because parsers keep state. A copy: to construct one costs a hundred times as much."""
    parser = copy(_model())
    parser.parser = copy(parser.parser)
    return parser


@cache
def _model() -> ExtendedJsonPathParser:
    return ExtendedJsonPathParser()
