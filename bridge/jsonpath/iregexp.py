"""Patterns of match() and search(): RFC 9485's I-Regexp, run by RE2."""

from __future__ import annotations

from typing import Final

from bridge.regex import MAX_PATTERN, Regex, compile_regex, own_regex

_DOT: Final = own_regex(r"(?s)\\.|\[(?:\\.|[^\]\\])*\]|(\.)")


def compile_pattern(text: str) -> Regex:
    """Compile an I-Regexp. Its dot matches any character but CR and LF. Raises RegexError.

    The text may come from a webhook, so its length is checked first.
    """
    if len(text) > MAX_PATTERN:
        return compile_regex(text)
    try:
        return compile_regex(_DOT.sub(lambda match: r"[^\n\r]" if match[1] else match[0], text))
    except UnicodeEncodeError:
        return compile_regex(text)
