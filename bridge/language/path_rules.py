"""Which token of a path may stand behind which, as RFC 9535's grammar has it, and hints for what may not."""

from __future__ import annotations

from typing import Final

_QUERY_END = frozenset({"$", "@", "name", "*", "]"})
_OPERAND_END = _QUERY_END | {"text", "number", "word", "call)"}
_TEST_END = _OPERAND_END | {")"}
_TEST_START = frozenset({"?", "(", ",", "&&", "||"})
_OPERAND_START = _TEST_START | {"op"}
_ITEM_START = frozenset({"[", ","})
_ITEM_END = frozenset({"text", "number", "*", ":"})
_STEPS = {".": _QUERY_END, "..": _QUERY_END, "[": _QUERY_END}

MAY_FOLLOW: Final[dict[str, dict[str, frozenset[str]]]] = {
    "path": _STEPS,
    "brackets": {
        "text": _ITEM_START,
        "number": _ITEM_START | {":"},
        "*": _ITEM_START,
        "?": _ITEM_START,
        ":": _ITEM_START | {"number", ":"},
        ",": _ITEM_END,
        "]": _ITEM_END,
    },
    "filter": _STEPS
    | {
        "$": _OPERAND_START | {"!"},
        "@": _OPERAND_START | {"!"},
        "call": _OPERAND_START | {"!"},
        "(": _TEST_START | {"!"},
        "text": _OPERAND_START,
        "number": _OPERAND_START,
        "word": _OPERAND_START,
        "!": _TEST_START,
        "op": _OPERAND_END,
        "&&": _TEST_END,
        "||": _TEST_END,
        ",": _TEST_END,
        "]": _TEST_END,
        ")": _TEST_END | {"("},
    },
}
"""By where it stands (outside brackets, in them, behind a `?`): the kinds that may come right before."""

_NO_ARITHMETIC: Final = "a path does not calculate; use a pipe: multiply, divide, add, round"

STRAY_SIGNS: Final = {
    "=": "equal is ==",
    "~": "a pattern is match(@.name, 'pattern') or search(...)",
    "&": "and is &&",
    "|": "or is ||",
    "+": _NO_ARITHMETIC,
    "-": _NO_ARITHMETIC,
    "/": _NO_ARITHMETIC,
    "*": _NO_ARITHMETIC,
    "`": "a path has no commands; use a pipe",
    "(": "a path calls no functions outside a filter; use a pipe",
    "}": "a template ends its path there; is a quote or bracket missing?",
}
BARE_WORDS: Final = {
    "and": "and is &&",
    "or": "or is ||",
    "not": "not is !",
    "in": "write one comparison per value, joined by ||",
    "True": "write true",
    "False": "write false",
    "None": "write null",
    "undefined": "absent is !@.name",
}
"""What people write instead, and what is meant."""
