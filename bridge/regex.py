"""Regular expressions of RE2, which run in linear time for every pattern. The only user of re2."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import re2

from bridge.errors import BridgeError
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason

Match: TypeAlias = Any
"""A match of re2, which has no types: `match[0]` is the whole match, `match[1]` the first group."""

MAX_PATTERN = 1_000
"""Maximum length of a pattern."""

ASCII_ONLY = Reason(FindingCode.ASCII_ONLY, letters=r"\p{L}", digits=r"\p{Nd}")
"""The finding about a pattern that `looks_foreign`."""

_ASCII_CLASS = re.compile(r"(?<!\\)(?:\\\\)*\\[wWbB]")
_OTHER_SYNTAX = re.compile(r"\(\?<?[=!]|\(\?>|\\[1-9]")


class RegexError(BridgeError):
    """A pattern that RE2 does not accept; the reason says what is wrong."""


@dataclass(frozen=True, slots=True)
class Regex:
    """A compiled pattern. It never matches a text with half of a surrogate pair."""

    text: str
    groups: int
    search: Callable[[str], Match | None]
    fullmatch: Callable[[str], Match | None]
    sub: Callable[[Callable[[Match], str], str], str]
    finditer: Callable[[str], Iterator[Match]]

    @property
    def looks_foreign(self) -> bool:
        r"""Whether the pattern has letters other than ASCII, and `\w` or `\b`, which do not match them."""
        return not self.text.isascii() and _ASCII_CLASS.search(self.text) is not None


def compile_regex(text: str) -> Regex:
    """Compile a pattern in RE2's syntax. Raises only RegexError."""
    if len(text) > MAX_PATTERN:
        raise RegexError(Reason(FindingCode.PATTERN_TOO_LONG, limit=MAX_PATTERN, length=len(text)))
    try:
        return _compiled(text, 1 << 20)
    except re2.error as error:
        raise RegexError(Reason(FindingCode.PATTERN_NOT_RE2, problem=_problem(error)), _hint(text)) from error
    except UnicodeEncodeError as error:
        raise RegexError(Reason(FindingCode.PATTERN_SURROGATE)) from error


def own_regex(text: str) -> Regex:
    """Compile a pattern of the program for external text. Python's `re` backtracks, RE2 does not."""
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


def _problem(error: Exception) -> str:
    problem = error.args[0]
    return problem.decode("utf-8", "replace") if isinstance(problem, bytes) else str(problem)


def _hint(text: str) -> Reason | None:
    return Reason(FindingCode.HINT_RE2) if _OTHER_SYNTAX.search(text) else None
