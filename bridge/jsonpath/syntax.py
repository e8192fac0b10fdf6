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
_NO_COMMANDS: Final = "a path has no commands; use a pipe"
_PIPE: Final = "functions stand beside the path: {path: ..., pipe: [...]}"
_TEXT: Final = 'a text that begins with a dollar sign is {value: "$..."}'

_HINTS: Final = {
    "path": dict.fromkeys("+-/*", _NO_ARITHMETIC) | {"(": _PIPE, "|": _PIPE, "`": _NO_COMMANDS},
    "brackets": {"(": "the last item is [-1]; a filter begins with a question mark: [?@.name]"},
    "filter": dict.fromkeys("+-/*", _NO_ARITHMETIC)
    | {
        "=~": "a pattern is match(@.name, 'pattern') or search(...)",
        "==": "what is compared stands without brackets",
        "=": "equal is ==",
        "&": "and is &&",
        "|": "or is ||",
        "`": _NO_COMMANDS,
    },
}
_BARE_WORDS: Final = {
    "and": "and is &&",
    "or": "or is ||",
    "not": "not is !",
    "in": "write one comparison per value, joined by ||",
    "True": "write true",
    "False": "write false",
    "None": "write null",
    "undefined": "absent is !@.name",
}


def hint_for_sign(context: str, previous: str, rest: str) -> str | None:
    """What is meant by a sign that does not fit, at the beginning of the rest of the path."""
    hints = _HINTS[context]
    if previous in (".", ".."):
        return (
            "no dot stands before a bracket"
            if rest[:1] == "["
            else "other names go in brackets: ['2nd name']"
        )
    if context == "path" and previous == "$":
        return _TEXT
    if previous == "name" and rest[:1].isalpha():
        return "a name with blanks goes in brackets: ['first name']"
    return hints.get(rest[:2]) or hints.get(rest[:1])


def hint_for_word(context: str, word: str) -> str:
    """What is meant by a word without quotes inside brackets."""
    if context == "brackets":
        return f"a name in brackets is in quotes: ['{word}']"
    return _BARE_WORDS.get(word, f"a text is in quotes: '{word}'")
