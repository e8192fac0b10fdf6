"""Splits the text of a path into tokens, strictly by RFC 9535, with the exact position of every error.

Brackets are nested: a token of kind "[]", "()" or "call" contains the comma-separated items inside it.
Beyond the RFC, names after a dot may contain hyphens (`$headers.x-event`) and be numbers (`$.add.0.id`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal

from bridge.did_you_mean import suggestion
from bridge.jsonpath.ast import ROOTS, Digits, PathError
from bridge.jsonpath.exact_numbers import Number
from bridge.jsonpath.syntax import MAY_FOLLOW, hint_for_sign, hint_for_word
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason

MAX_LENGTH: Final = 512
MAX_NODES: Final = 80
MAX_NESTING: Final = 16
MAX_INDEX: Final = 2**53 - 1

_LETTERS: Final = r"A-Za-z_\u0080-\ud7ff\ue000-\U0010ffff"
_NAME: Final = re.compile(rf"[{_LETTERS}][0-9{_LETTERS}]*(?:-+[0-9{_LETTERS}]+)*")
_DIGITS: Final = re.compile(r"[0-9]+")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_SIGN: Final = re.compile(r"\.\.|&&|\|\||[=!]=|[<>]=?|[][.(),:*?!$@]")
_BLANKS: Final = re.compile(r"[ \t\n\r]*")
_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
_WORDS: Final = {"true": True, "false": False, "null": None}
_PLAIN: Final = {"'": re.compile(r"[^'\\\x00-\x1f]+"), '"': re.compile(r'[^"\\\x00-\x1f]+')}
_SHORT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\"}
_UNIT: Final = re.compile(r"\\u([0-9A-Fa-f]{4})")
_CLOSING: Final = {"[]": "]", "()": ")", "call": ")"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token. `kind` is a sign, or "name", "text", "number", "word", "op", "[]", "()", "call"."""

    kind: str
    value: object
    offset: int
    items: tuple[tuple[Token, ...], ...] = ()


@dataclass(slots=True)
class _Frame:
    """An open bracket, or the whole path, with the tokens read inside it so far."""

    kind: str
    value: object
    offset: int
    context: Literal["path", "brackets", "filter"]
    items: list[list[Token]] = field(default_factory=lambda: [[]])

    def close(self) -> Token:
        return Token(self.kind, self.value, self.offset, tuple(tuple(item) for item in self.items))


def tokenize(text: str) -> tuple[Token, ...]:
    """The tokens of a path. Raises PathError if the text is not a path."""
    if len(text) > MAX_LENGTH:
        reason = Reason(FindingCode.PATH_TOO_LONG, limit=MAX_LENGTH, length=len(text))
        raise PathError(reason, "M202", MAX_LENGTH)
    return _Tokenizer(text).tokens()


class _Tokenizer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._previous = ""
        self._nodes = 0
        self._frames = [_Frame("path", None, 0, "path")]

    def tokens(self) -> tuple[Token, ...]:
        self._root()
        self._dotted()
        while self._position < len(self._text):
            self._step()
        if self._previous in (".", ".."):
            raise PathError(Reason(FindingCode.PATH_NO_NAME), offset=len(self._text))
        frame = self._frames[-1]
        if frame.kind != "path":
            reason = Reason(FindingCode.PATH_NOT_CLOSED, sign=_CLOSING[frame.kind])
            raise PathError(reason, offset=frame.offset)
        return tuple(frame.items[0])

    def _root(self) -> None:
        """Read the root, which may have a name: `$headers`."""
        start = self._position
        if not self._text.startswith("$", start):
            raise PathError(Reason(FindingCode.PATH_WITHOUT_ROOT, roots=ROOTS), offset=start)
        name = _NAME.match(self._text, start + 1)
        root = self._text[start : name.end()] if name else "$"
        if root not in ROOTS:
            reason = Reason(FindingCode.PATH_UNKNOWN_ROOT, root=root, hint=suggestion(root, ROOTS))
            raise PathError(reason, "M210", start, Reason(FindingCode.HINT_ROOT, name=root[1:]))
        self._add("$", root, start + len(root))

    def _dotted(self) -> None:
        """Read the names at the beginning of a path, such as `.object.status`. Most paths have only these."""
        text, tokens = self._text, self._frames[0].items[0]
        while self._nodes < MAX_NODES and text.startswith(".", self._position):
            start = self._position
            name = _NAME.match(text, start + 1)
            if name is None or text[name.end() : name.end() + 1] not in ("", ".", "["):
                return
            tokens += Token(".", ".", start), Token("name", name[0], start + 1)
            self._nodes += 1
            self._previous, self._position = "name", name.end()

    def _step(self) -> None:
        if self._previous in (".", ".."):
            self._after_dots()
            return
        start, context = self._position, self._frames[-1].context
        blanks = _BLANKS.match(self._text, start)
        self._position = blanks.end() if blanks else start
        if self._position == len(self._text):
            raise PathError(Reason(FindingCode.PATH_BLANK_AFTER), offset=start)
        if context == "path" or not self._literal():
            self._sign()

    def _after_dots(self) -> None:
        """Read what may follow a dot: a name, digits or a star; after two dots also a bracket."""
        start, text = self._position, self._text
        if name := _NAME.match(text, start):
            self._add("name", name[0], name.end())
        elif text.startswith("*", start):
            self._add("*", "*", start + 1)
        elif text.startswith("[", start) and self._previous == "..":
            self._open("[]", None, start + 1)
        elif (digits := _DIGITS.match(text, start)) and not _NAME.match(text, digits.end()):
            self._add("name", Digits(digits[0]), digits.end())
        else:
            raise self._unexpected()

    def _literal(self) -> bool:
        """Read a text, number, word or function name inside brackets. False if there is none."""
        start, text = self._position, self._text
        if text[start] in "'\"":
            self._check("text")
            self._add("text", *_unquote(text, start))
        elif number := _NUMBER.match(text, start):
            self._check("number")
            self._add("number", self._number(number), number.end())
        elif name := _NAME.match(text, start):
            self._word(name[0], name.end())
        else:
            return False
        return True

    def _word(self, word: str, end: int) -> None:
        context = self._frames[-1].context
        if context == "filter" and self._text.startswith("(", end):
            self._check("call")
            self._open("call", word, end + 1)
        elif context == "filter" and word in _WORDS:
            self._check("word")
            self._add("word", _WORDS[word], end)
        else:
            raise self._unexpected(hint_for_word(context, word))

    def _number(self, match: re.Match[str]) -> int | Number:
        text, whole = match[0], match[1] is None and match[2] is None
        if self._frames[-1].context == "brackets":
            if not whole or text == "-0" or abs(int(text)) > MAX_INDEX:
                raise PathError(Reason(FindingCode.PATH_NO_INDEX, text=text), offset=match.start())
        elif match[2] and len(match[2]) > 6:
            raise PathError(Reason(FindingCode.PATH_EXPONENT, text=text), "M202", match.start())
        return int(text) if whole else Number(text)

    def _sign(self) -> None:
        match = _SIGN.match(self._text, self._position)
        if not match:
            raise self._unexpected()
        sign, end = match[0], match.end()
        kind = "op" if sign in _COMPARISONS else sign
        self._check(kind)
        match kind:
            case "$":
                self._root()
            case "[":
                self._open("[]", None, end)
            case "(":
                self._open("()", None, end)
            case "]" | ")":
                self._close(sign, end)
            case ",":
                self._comma(end)
            case _:
                self._add(kind, sign, end)

    def _add(self, kind: str, value: object, end: int) -> None:
        frame = self._frames[-1]
        frame.items[-1].append(Token(kind, value, self._position))
        if kind == "?":
            frame.context = "filter"
        self._nodes += kind not in (".", "..", ":")
        if self._nodes > MAX_NODES:
            reason = Reason(FindingCode.PATH_TOO_MANY_PARTS, limit=MAX_NODES)
            raise PathError(reason, "M202", self._position)
        self._previous, self._position = kind, end

    def _open(self, kind: str, name: str | None, end: int) -> None:
        if len(self._frames) > MAX_NESTING:
            reason = Reason(FindingCode.PATH_TOO_DEEP, limit=MAX_NESTING)
            raise PathError(reason, "M202", self._position)
        context: Literal["brackets", "filter"] = "brackets" if kind == "[]" else "filter"
        self._frames.append(_Frame(kind, name, self._position, context))
        self._previous, self._position = "[" if kind == "[]" else "(", end

    def _close(self, sign: str, end: int) -> None:
        if _CLOSING.get(self._frames[-1].kind) != sign:
            raise self._unexpected()
        frame = self._frames.pop()
        self._frames[-1].items[-1].append(frame.close())
        self._previous, self._position = "call)" if frame.kind == "call" else sign, end

    def _comma(self, end: int) -> None:
        frame = self._frames[-1]
        if frame.kind == "()":
            raise self._unexpected()
        if frame.kind == "[]":
            frame.context = "brackets"
        frame.items.append([])
        self._previous, self._position = ",", end

    def _check(self, kind: str) -> None:
        """Reject a token that cannot follow the previous one."""
        if self._previous not in MAY_FOLLOW[self._frames[-1].context].get(kind, ()):
            raise self._unexpected()

    def _unexpected(self, hint: Reason | None = None) -> PathError:
        rest = self._text[self._position :]
        found = rest[0] if rest[0].isprintable() else f"U+{ord(rest[0]):04X}"
        hint = hint or hint_for_sign(self._frames[-1].context, self._previous, rest)
        return PathError(Reason(FindingCode.PATH_UNFIT_SIGN, found=found), offset=self._position, cure=hint)


def _unquote(text: str, start: int) -> tuple[str, int]:
    """Read a quoted text at `start`, with the escapes of RFC 9535, section 2.3.1.1, and its end."""
    quote, position = text[start], start + 1
    pieces: list[str] = []
    while not text.startswith(quote, position):
        if plain := _PLAIN[quote].match(text, position):
            piece, position = plain[0], plain.end()
        elif text.startswith("\\", position):
            piece, position = _escape(text, position, quote)
        elif position >= len(text):
            raise PathError(Reason(FindingCode.PATH_QUOTE_NOT_CLOSED, quote=quote), offset=start)
        else:
            escape = f"\\u{ord(text[position]):04x}"
            raise PathError(Reason(FindingCode.PATH_CONTROL_CHARACTER, escape=escape), offset=position)
        pieces.append(piece)
    return "".join(pieces), position + 1


def _escape(text: str, position: int, quote: str) -> tuple[str, int]:
    character = text[position + 1 : position + 2]
    if character == quote:
        return quote, position + 2
    if character in _SHORT:
        return _SHORT[character], position + 2
    if unit := _UNIT.match(text, position):
        return _character(text, int(unit[1], 16), position)
    reason = Reason(FindingCode.PATH_UNKNOWN_ESCAPE, escape=f"\\{character}")
    raise PathError(reason, offset=position, cure=Reason(FindingCode.HINT_BACKSLASH))


def _character(text: str, unit: int, position: int) -> tuple[str, int]:
    """The character of one escape, or of two if the first is half of a surrogate pair."""
    if not 0xD800 <= unit <= 0xDFFF:
        return chr(unit), position + 6
    second = _UNIT.match(text, position + 6)
    low = int(second[1], 16) if second else 0
    if unit > 0xDBFF or not 0xDC00 <= low <= 0xDFFF:
        raise PathError(Reason(FindingCode.PATH_SURROGATE), offset=position)
    return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), position + 12
