"""Which token of a path may follow which, according to RFC 9535's grammar, and hints for invalid ones."""

from __future__ import annotations

from typing import Final

from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason

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
"""By context (outside brackets, inside them, after a `?`) and kind of token: the kinds allowed before it."""

_NO_ARITHMETIC: Final = Reason(FindingCode.HINT_ARITHMETIC)
_NO_COMMANDS: Final = Reason(FindingCode.HINT_COMMANDS)
_PIPE: Final = Reason(FindingCode.HINT_PIPE)
_AND: Final = Reason(FindingCode.HINT_AND)
_OR: Final = Reason(FindingCode.HINT_OR)

_HINTS: Final = {
    "path": dict.fromkeys("+-/*", _NO_ARITHMETIC) | {"(": _PIPE, "|": _PIPE, "`": _NO_COMMANDS},
    "brackets": {"(": Reason(FindingCode.HINT_LAST_ITEM)},
    "filter": dict.fromkeys("+-/*", _NO_ARITHMETIC)
    | {
        "=~": Reason(FindingCode.HINT_MATCH),
        "==": Reason(FindingCode.HINT_NO_BRACKETS),
        "=": Reason(FindingCode.HINT_EQUAL),
        "&": _AND,
        "|": _OR,
        "`": _NO_COMMANDS,
    },
}
_BARE_WORDS: Final = {
    "and": _AND,
    "or": _OR,
    "not": Reason(FindingCode.HINT_NOT),
    "in": Reason(FindingCode.HINT_IN),
    "True": Reason(FindingCode.HINT_WORD, word="true"),
    "False": Reason(FindingCode.HINT_WORD, word="false"),
    "None": Reason(FindingCode.HINT_WORD, word="null"),
    "undefined": Reason(FindingCode.HINT_ABSENT),
}


def hint_for_sign(context: str, previous: str, rest: str) -> Reason | None:
    """A hint for an unexpected sign at the beginning of the rest of the path."""
    hints = _HINTS[context]
    if previous in (".", ".."):
        return Reason(FindingCode.HINT_NO_DOT if rest[:1] == "[" else FindingCode.HINT_OTHER_NAMES)
    if context == "path" and previous == "$":
        return Reason(FindingCode.HINT_DOLLAR)
    if previous == "name" and rest[:1].isalpha():
        return Reason(FindingCode.HINT_BLANK_IN_NAME)
    return hints.get(rest[:2]) or hints.get(rest[:1])


def hint_for_word(context: str, word: str) -> Reason:
    """A hint for a word without quotes inside brackets."""
    if context == "brackets":
        return Reason(FindingCode.HINT_QUOTED_NAME, name=word)
    return _BARE_WORDS.get(word) or Reason(FindingCode.HINT_QUOTED_TEXT, text=word)
