"""Writes the result of a test into its `expect:` and `cancelled:`, and changes nothing else in the file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from bridge.errors import BridgeError
from bridge.jsonpath.exact_numbers import to_json
from bridge.language.yaml_spans import Placed, comments, placed
from bridge.mapping.author.examples import Result, facts
from bridge.mapping.rules.due import read_instant
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

_WIDTH = 110
_PLAIN = re.compile(r"[^\W\d_][\w]*(?:[ -][\w]+)*")
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_RECIPIENT = ("subscriber_id", "user_id", "channel_id")
_ALWAYS = ("rule", "bot_id", *_RECIPIENT, "variables", "due")
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

Edit = tuple[int, int, str]
"""Start, end, and the new text between them."""


class CannotRewrite(BridgeError):
    """The expectation cannot be changed automatically; the author has to change it."""


def rewrite_expectation(text: str, result: Result, account: str, leave_out: Collection[str] = ()) -> str:
    """The file's text with the result of the test as its expectation, without the keys in `leave_out`.

    `account` is the file's default. If a start has the same keys as before, only its values are replaced.
    Otherwise the whole `expect:` is written again. Raises CannotRewrite, also if that would lose a comment.
    """
    if not result.events:
        raise CannotRewrite(Reason(RuleCode.NOTHING_TO_EXPECT))
    test = _test(placed(text), result.name)
    failed = _failed_to_write(test, result)
    shown = (facts(start) for start in result.starts)
    starts = [{key: value for key, value in start.items() if key not in leave_out} for start in shown]
    expect = test.get("expect")
    if expect is None and (starts or failed or test.get("cancelled") is None):
        raise CannotRewrite(Reason(RuleCode.NO_EXPECT))
    edits = _values(text, expect, starts) if expect is not None and not failed else None
    if expect is not None and edits is None:
        edits = [_whole(text, test, expect, _wanted(expect, starts, account, failed))]
    for start, end, new in sorted((*(edits or ()), *_cancelled(text, test, result)), reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _test(file: Placed, name: str) -> Placed:
    tests = file.get("tests")
    found = [one for one in (tests.items if tests else ()) if _text(one.get("name")) == name]
    if len(found) != 1 or not file.start <= found[0].start <= found[0].end <= file.end:
        raise CannotRewrite(Reason(RuleCode.TEST_NOT_FOUND))
    return found[0]


def _text(node: Placed | None) -> str:
    return node.value if node else ""


def _failed_to_write(test: Placed, result: Result) -> list[str]:
    """The failed rules to write under `expect:`; none if `failed:` lists them already."""
    failed = list(dict.fromkeys(failure.rule for failure in result.failures))
    listed = test.get("failed")
    if listed is None:
        return failed
    if sorted(one.value for one in listed.items or (listed,)) != sorted(failed):
        raise CannotRewrite(Reason(RuleCode.FAILED_APART))
    return []


def _cancelled(text: str, test: Placed, result: Result) -> list[Edit]:
    """The edit of `cancelled:`; none if the test does not have it, or it is right."""
    place, keys = test.get("cancelled"), list(result.cancelled)
    if place is None or [one.value for one in place.items] == keys:
        return []
    if comments(text, place.start, place.end):
        raise CannotRewrite(Reason(RuleCode.COMMENTS_LOST))
    return [(place.start, place.end, _flow(keys))]


def _expected(expect: Placed) -> list[Placed]:
    """The starts that the file expects, without expected failures."""
    nodes = (expect,) if expect.kind == "map" else expect.items
    return [node for node in nodes if node.get("failed") is None]


def _values(text: str, expect: Placed, starts: list[dict[str, Json]]) -> list[Edit] | None:
    """Edits of single values; None if the keys differ, too."""
    nodes = _expected(expect)
    whole = expect.items if expect.kind == "list" else nodes
    if len(nodes) != len(starts) or len(whole) != len(nodes):
        return None
    edits: list[Edit] = []
    for node, start in zip(nodes, starts, strict=True):
        pairs = list(_pairs(node, start))
        if any(place is None or not place.inline for place, _ in pairs):
            return None
        edits += [
            (place.start, place.end, _scalar(value, place.quote))
            for place, value in pairs
            if place is not None and not _says(place, value)
        ]
    return [edit for edit in edits if text[edit[0] : edit[1]] != edit[2]]


def _pairs(node: Placed, start: dict[str, Json]) -> Iterator[tuple[Placed | None, Json]]:
    """Each written value with the new one; (None, None) for a key that has to be removed."""
    for key, place in node.entries:
        if key.value not in start:
            yield None, None
        elif key.value == "variables":
            yield from _variables(place, start["variables"])
        elif key.value == "due" and read_instant(place.value) == read_instant(start["due"]):
            yield place, place.value
        else:
            yield place, start[key.value]


def _variables(place: Placed, values: dict[str, str]) -> Iterator[tuple[Placed | None, Json]]:
    if {key.value for key, _ in place.entries} != set(values):
        yield None, None
        return
    yield from ((child, values[key.value]) for key, child in place.entries)


def _says(place: Placed, value: Json) -> bool:
    return place.kind == "scalar" and place.value == (value if isinstance(value, str) else to_json(value))


def _wanted(expect: Placed, starts: list[dict[str, Json]], account: str, failed: list[str]) -> list[Json]:
    """The whole new `expect:`: for a known start the keys that were written, for a new one the usual keys."""
    nodes = _expected(expect) if expect.kind in ("list", "map") else []
    wanted: list[Json] = []
    for number, start in enumerate(starts):
        written = {key.value for key, _ in nodes[number].entries} if number < len(nodes) else set()
        wanted.append(
            {name: value for name, value in start.items() if _is_listed(name, start, written, account)}
        )
    return [*wanted, {"failed": failed}] if failed else wanted


def _is_listed(name: str, start: dict[str, Json], written: set[str], account: str) -> bool:
    if name in written:
        return True
    if written:
        return name in _RECIPIENT and bool(written.intersection(_RECIPIENT))
    usual = {"forced": False, "shadow": False, "account": account}
    return name in _ALWAYS if name not in usual else start[name] != usual[name]


def _whole(text: str, test: Placed, expect: Placed, wanted: list[Json]) -> Edit:
    if comments(text, expect.start, expect.end):
        raise CannotRewrite(Reason(RuleCode.COMMENTS_LOST))
    key = next(key for key, _ in test.entries if key.value == "expect")
    inline = "[" + ", ".join(map(_flow, wanted)) + "]"
    column = key.start - (text.rfind("\n", 0, key.start) + 1)
    fits = column + len("expect: ") + len(inline) <= _WIDTH
    if test.inline or not wanted or (fits and expect.inline):
        after = " " if text[expect.start - 1] == ":" else ""
        return expect.start, expect.end, after + inline
    newline = "\r\n" if "\r\n" in text else "\n"
    begin = key.end + text[key.end :].index(":") + 1
    if comments(text, begin, expect.start):
        begin = expect.start
    lines = [f"{newline}{' ' * (column + 2)}- {_flow(one)}" for one in wanted]
    return begin, expect.end, "".join(lines)


def _flow(value: Json) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Json, quote: str = "") -> str:
    """The value in YAML, in its previous quotes if they can hold it."""
    if not isinstance(value, str):
        return to_json(value)
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if not quote and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", to_json(value))
