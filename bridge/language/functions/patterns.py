r"""Functions that find and replace. Patterns are RE2, which runs in linear time."""

from __future__ import annotations

import re
from collections.abc import Callable

from bridge.jsonpath.scope import ABSENT
from bridge.language.functions.base import MAX_TEXT, Arguments, Function, Step, UnfitError, bounded
from bridge.language.nodes import Mapping, Node, Scalar
from bridge.language.schema import TEXT, Key, Plain, Raw, expected
from bridge.language.text import Unusable, text_of
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode
from bridge.regex import ASCII_ONLY, Match, Regex, RegexError, compile_regex

_REFERENCE = re.compile(r"\\([0-9\\])")


def _regex(arguments: Arguments) -> Step:
    pattern = _pattern(arguments, arguments.fields.at("regex"))
    group = min(pattern.groups, 1) if arguments["group"] is None else arguments["group"]
    if group > pattern.groups:
        raise arguments.unfit("group", Reason(FindingCode.NO_GROUP, groups=pattern.groups, group=str(group)))

    def find(value: Json) -> Json:
        match = pattern.search(bounded(text_of(value)))
        found = match[group] if match else None
        return ABSENT if found is None else found

    return find


def _replace(arguments: Arguments) -> Step:
    """Build a step that replaces a literal text, or matches of `{regex: …}`, whose groups `with` may name."""
    node = arguments.main
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value:
        return _replace_text(node.value, arguments["with"])
    if isinstance(node, Mapping) and [key.text for key, _ in node.entries] == ["regex"]:
        return _replace_pattern(arguments, node.entries[0][1])
    raise UnfitError(expected(FindingCode.TEXT_OR_PATTERN, node), node)


def _replace_text(old: str, new: str) -> Step:
    def replace(value: Json) -> str:
        text = bounded(text_of(value))
        _check_growth(text.count(old) * len(new))
        return bounded(text.replace(old, new))

    return replace


def _replace_pattern(arguments: Arguments, node: Node) -> Step:
    pattern = _pattern(arguments, node)
    fill = _filler(arguments, pattern)

    def replace(value: Json) -> str:
        size = 0

        def once(match: Match) -> str:
            nonlocal size
            new = fill(match)
            size += len(new)
            _check_growth(size)
            return new

        try:
            return bounded(pattern.sub(once, bounded(text_of(value))))
        except UnicodeEncodeError as error:
            raise Unusable(Reason(RuleCode.HALF_A_PAIR)) from error

    return replace


def _filler(arguments: Arguments, pattern: Regex) -> Callable[[Match], str]:
    r"""A function that fills in `with` for a match: `\1` is the first group, `\0` the whole match."""
    parts = _REFERENCE.split(arguments["with"])
    groups = [int(part) for part in parts[1::2] if part != "\\"]
    if groups and max(groups) > pattern.groups:
        named = f"\\{max(groups)}"
        raise arguments.unfit("with", Reason(FindingCode.NO_GROUP, groups=pattern.groups, group=named))

    def part(index: int, match: Match) -> str:
        if index % 2 == 0:
            return parts[index]
        return "\\" if parts[index] == "\\" else match[int(parts[index])] or ""

    return lambda match: "".join(part(index, match) for index in range(len(parts)))


def _check_growth(size: int) -> None:
    if size > MAX_TEXT:
        raise Unusable(Reason(RuleCode.REPLACED_TOO_LONG, count=MAX_TEXT))


def _pattern(arguments: Arguments, node: Node) -> Regex:
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        raise UnfitError(expected(FindingCode.A_PATTERN, node), node)
    try:
        regex = compile_regex(node.value)
    except RegexError as error:
        raise UnfitError(error.whole, node, "M207") from error
    if regex.looks_foreign:
        arguments.report.add(node, "W502", ASCII_ONLY)
    return regex


PATTERNS = (
    Function(
        "regex",
        "takes the match of a pattern: its first group, or all of it; absent if there is no match",
        _regex,
        argument=TEXT,
        required=True,
        options=(
            Key("group", Plain("integer", at_least=0), "number of the group to take; 0 is the whole match"),
        ),
    ),
    Function(
        "replace",
        "replaces a text, or the matches of a pattern: `{replace: {regex: …}, with: …}`",
        _replace,
        argument=Raw("a text, or {regex: …}"),
        required=True,
        options=(Key("with", TEXT, "replacement; empty by default", default=""),),
    ),
)
