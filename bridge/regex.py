"""Regular expressions of RE2: linear time whatever the pattern and the text. The only user of re2."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import re2

from bridge.errors import BridgeError

Match: TypeAlias = Any
"""A match of re2, which has no types: `match[0]` is the whole, `match[1]` the first group."""

MAX_PATTERN = 1_000
"""Characters of one pattern."""

ASCII_ONLY = r"\w, \d, \s and \b know only ASCII; for letters of any language write \p{L}, for digits \p{Nd}"

_ASCII_CLASS = re.compile(r"(?<!\\)(?:\\\\)*\\[wWbB]")
_OTHER_SYNTAX = re.compile(r"\(\?<?[=!]|\(\?>|\\[1-9]")


class RegexError(BridgeError):
    """A pattern that RE2 does not read; the message says what is wrong with it."""

    @property
    def sentence(self) -> str:
        """The message with its hint, as findings have it."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


@dataclass(frozen=True, slots=True)
class Regex:
    """A compiled pattern. Half surrogate pairs are no text: nothing matches them."""

    text: str
    groups: int
    search: Callable[[str], Match | None]
    fullmatch: Callable[[str], Match | None]
    sub: Callable[[Callable[[Match], str], str], str]
    finditer: Callable[[str], Iterator[Match]]

    @property
    def looks_foreign(self) -> bool:
        r"""Whether `\w` or `\b` stand beside letters that they do not know, and so surely miss."""
        return not self.text.isascii() and _ASCII_CLASS.search(self.text) is not None


def compile_regex(text: str) -> Regex:
    """Compile a pattern in RE2's syntax; raises RegexError, only that."""
    if len(text) > MAX_PATTERN:
        raise RegexError(f"a pattern of {len(text):,} characters is longer than {MAX_PATTERN:,}")
    try:
        return _compiled(text, 1 << 20)
    except re2.error as error:
        raise RegexError(f"the pattern is not read by RE2: {_reason(error)}", _hint(text)) from error
    except UnicodeEncodeError as error:
        raise RegexError("the pattern holds half of a surrogate pair, which is no character") from error


def own_regex(text: str) -> Regex:
    """A pattern of the program itself, for text from outside: Python's `re` backtracks, RE2 does not."""
    return _compiled(text, 8 << 20)


def escaped(text: str) -> str:
    """A pattern that matches this text."""
    return str(re2.escape(text))


def _compiled(text: str, memory: int) -> Regex:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = memory
    pattern = re2.compile(text, options)
    return Regex(
        text,
        pattern.groups,
        _quiet(pattern.search),
        _quiet(pattern.fullmatch),
        pattern.sub,
        pattern.finditer,
    )


def _quiet(search: Callable[[str], Match | None]) -> Callable[[str], Match | None]:
    def run(text: str) -> Match | None:
        try:
            return search(text)
        except UnicodeEncodeError:
            return None

    return run


def _reason(error: Exception) -> str:
    reason = error.args[0]
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def _hint(text: str) -> str | None:
    if _OTHER_SYNTAX.search(text):
        return "RE2 has no look-around and no back-references"
    return None
