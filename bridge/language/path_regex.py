"""Patterns of match() and search(): RFC 9485's I-Regexp, run by RE2."""

from __future__ import annotations

import re
from typing import Final

from bridge.language.regex import Regex, compile_regex

_DOT: Final = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|(\.)", re.DOTALL)


def compile_pattern(text: str) -> Regex:
    """Compile an I-Regexp; raises RegexError. Its dot stands for anything but CR and LF."""
    return compile_regex(_DOT.sub(lambda match: r"[^\n\r]" if match[1] else match[0], text))
