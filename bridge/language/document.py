"""Reads YAML text to nodes with line and column.

Reading is strict: YAML 1.2 core scalars with JSON's numbers, no tags, no merge keys, no duplicate keys, one
document. Limits stop a hostile file while its events are parsed, before nodes are composed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeAlias, cast

import yaml

from bridge.jsonpath.exact_numbers import Number
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence
from bridge.model import Finding
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import GeneralCode, Reason

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 20
MAX_ALIASES: Final = 50
MAX_NODES: Final = 200_000
"""The content of an alias counts each time it is used."""

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,299})(?:\.[0-9]{1,300})?(?:[eE][-+]?[0-9]{1,4})?")
_BEGIN_NUMBERS: Final = frozenset("-0123456789")
_WORDS: Final = dict.fromkeys(("", "~", "null", "Null", "NULL")) | {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


_Start: TypeAlias = yaml.ScalarEvent | yaml.CollectionStartEvent


def read(data: bytes, report: Report) -> Node | None:
    """Read one YAML document, with the limits of strict reading.

    Returns None after an error that prevents reading. A duplicate key is reported and its second value
    dropped, so that the rest of the file is still read. Check `report.failed`.
    """
    try:
        return _compose(_decode(data), report)
    except _ReadError as fault:
        report.findings.append(Finding(report.path, fault.line, fault.column, fault.code, fault.reason))
        return None


def _compose(text: str, report: Report) -> Node:
    try:
        return _Composer(text, report).document()
    except yaml.YAMLError as error:
        raise _syntax_error(error, text) from None


class _ReadError(Exception):
    """An error that stops the reading of a file."""

    def __init__(self, line: int, column: int, code: str, reason: Reason) -> None:
        super().__init__(code)
        self.line = line
        self.column = column
        self.code = code
        self.reason = reason


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _ReadError(1, 1, "M102", Reason(FindingCode.FILE_TOO_LARGE, size=len(data), limit=MAX_BYTES))
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise _ReadError(1, 1, "M100", Reason(FindingCode.BYTE_ORDER_MARK))
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        reason = Reason(FindingCode.NOT_UTF_8, byte=f"{data[error.start]:02x}")
        raise _ReadError(*_place(before, len(before)), "M100", reason) from None
    if found := _UNWANTED.search(text):
        point = ord(found[0])
        reason = Reason(FindingCode.CONTROL_CHARACTER, name=f"U+{point:04X}", escape=f"\\u{point:04x}")
        raise _ReadError(*_place(text, found.start()), "M100", reason)
    return text


def _place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1, as the YAML parser counts them."""
    lines = re.split(r"\r\n|\r|\n", text[:offset])
    return len(lines), len(lines[-1]) + 1


class _Composer:
    """Builds nodes from the parser's events as they are parsed, so that a limit stops reading at once."""

    def __init__(self, text: str, report: Report) -> None:
        self._next = cast(Callable[[], yaml.Event], yaml.CSafeLoader(text).get_event)
        self._report = report
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        self._open: set[str] = set()
        self._aliases = 0
        self._nodes = 0

    def document(self) -> Node:
        self._next()
        start = self._next()
        if not isinstance(start, yaml.DocumentStartEvent):
            raise _ReadError(1, 1, "M100", Reason(FindingCode.EMPTY_FILE))
        if start.version or start.tags:
            raise _error_at(start, "M100", Reason(FindingCode.DIRECTIVES))
        node = self._node(self._next(), 1)
        self._next()
        end = self._next()
        if not isinstance(end, yaml.StreamEndEvent):
            raise _error_at(end, "M100", Reason(FindingCode.SECOND_DOCUMENT))
        return node

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if (
            type(event) is yaml.ScalarEvent
            and event.anchor is None
            and event.tag is None
            and depth <= MAX_DEPTH
            and self._nodes < MAX_NODES
        ):
            self._nodes += 1
            return _scalar(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            return self._value(event, depth)
        raise _error_at(event, "M100", Reason(FindingCode.VALUE_MISSING))

    def _value(self, event: _Start, depth: int) -> Node:
        self._count(event, 1)
        if depth > MAX_DEPTH:
            raise _error_at(event, "M102", Reason(FindingCode.TOO_DEEP, limit=MAX_DEPTH))
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise _error_at(event, "M100", Reason(FindingCode.TAG, tag=tag))
        if event.anchor is None:
            return self._content(event, depth)
        return self._anchored(event, event.anchor, depth)

    def _content(self, event: _Start, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        line, column = _position(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(line, column, tuple(self._items(depth)))
        return Mapping(line, column, tuple(self._entries(depth)))

    def _items(self, depth: int) -> list[Node]:
        items: list[Node] = []
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            items.append(self._node(event, depth + 1))
        return items

    def _entries(self, depth: int) -> list[tuple[Scalar, Node]]:
        entries: list[tuple[Scalar, Node]] = []
        seen: dict[str, int] = {}
        while type(event := self._next()) is not yaml.MappingEndEvent:
            key = self._key(event, depth)
            value = self._node(self._next(), depth + 1)
            if key.text in seen:
                reason = Reason(FindingCode.DUPLICATE_KEY, key=key.text, line=seen[key.text])
                self._report.add(key, "M101", reason)
                continue
            seen[key.text] = key.line
            entries.append((key, value))
        return entries

    def _key(self, event: yaml.Event, depth: int) -> Scalar:
        key = self._node(event, depth + 1)
        if not isinstance(key, Scalar):
            raise _error_at(event, "M100", Reason(FindingCode.KEY_NO_TEXT))
        if key.text == "<<" and not key.quoted:
            raise _error_at(event, "M100", Reason(FindingCode.MERGE_KEY))
        return key

    def _anchored(self, event: _Start, anchor: str, depth: int) -> Node:
        if anchor in self._anchors or anchor in self._open:
            raise _error_at(event, "M100", Reason(FindingCode.DUPLICATE_ANCHOR, name=anchor))
        before = self._nodes - 1
        self._open.add(anchor)
        node = self._content(event, depth)
        self._open.discard(anchor)
        self._anchors[anchor] = node, self._nodes - before, _height(node)
        return node

    def _alias(self, event: yaml.AliasEvent, depth: int) -> Node:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise _error_at(event, "M102", Reason(FindingCode.TOO_MANY_ALIASES, limit=MAX_ALIASES))
        if event.anchor in self._open:
            raise _error_at(event, "M100", Reason(FindingCode.ALIAS_INSIDE, name=event.anchor))
        if event.anchor not in self._anchors:
            raise _error_at(event, "M100", Reason(FindingCode.ALIAS_UNKNOWN, name=event.anchor))
        node, size, height = self._anchors[event.anchor]
        self._count(event, size)
        if depth + height - 1 > MAX_DEPTH:
            raise _error_at(event, "M102", Reason(FindingCode.TOO_DEEP, limit=MAX_DEPTH))
        return node

    def _count(self, event: yaml.Event, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise _error_at(event, "M102", Reason(FindingCode.TOO_MANY_VALUES, limit=MAX_NODES))


def _height(node: Node) -> int:
    match node:
        case Sequence(items=items):
            return 1 + max(map(_height, items), default=0)
        case Mapping(entries=entries):
            return 1 + max((_height(value) for _, value in entries), default=1)
        case Scalar():
            return 1


def _scalar(event: yaml.ScalarEvent) -> Scalar:
    start, end, text = event.start_mark, event.end_mark, event.value
    quoted = event.style in ("'", '"')
    value = _resolve(text) if event.implicit[0] else text
    if start is None or end is None:
        return Scalar(1, 1, value, text, quoted, verbatim=False)
    # An escape, a doubled quote or a line break has another length in the file than in the text.
    verbatim = start.line == end.line and end.column - start.column == len(text) + 2 * quoted
    return Scalar(start.line + 1, start.column + 1, value, text, quoted, verbatim)


def _resolve(text: str) -> str | int | Decimal | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _BEGIN_NUMBERS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return Number(text) if _DECIMAL.fullmatch(text) else text


def _position(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _error_at(event: yaml.Event, code: str, reason: Reason) -> _ReadError:
    return _ReadError(*_position(event), code, reason)


_PROBLEMS: Final = (
    ("mapping values are not allowed", FindingCode.HINT_COLON),
    ("sequence entries are not allowed", FindingCode.HINT_LIST_LINE),
    ("did not find expected ',' or '}'", FindingCode.HINT_IN_BRACES),
    ("did not find expected ',' or ']'", FindingCode.HINT_IN_BRACKETS),
    ("did not find expected key", FindingCode.HINT_KEY_INDENTATION),
    ("did not find expected '-'", FindingCode.HINT_LIST_INDENTATION),
    ("did not find expected alphabetic", FindingCode.HINT_STAR),
    ("found a tab character", FindingCode.HINT_TAB),
    ("found unknown escape character", FindingCode.HINT_ESCAPE),
    ("could not find expected ':'", FindingCode.HINT_BLANK),
)
"""Beginnings of libyaml's messages, and the hint for each."""


def _syntax_error(error: yaml.YAMLError, text: str) -> _ReadError:
    """The parser's error with a hint."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return _ReadError(1, 1, "M100", Reason(FindingCode.NOT_YAML))
    mark, problem = error.problem_mark, str(error.problem)
    if problem == "found unexpected end of stream" and error.context_mark is not None:
        mark, reason = error.context_mark, Reason(FindingCode.QUOTE_NOT_CLOSED)
    elif problem == "found character that cannot start any token":
        reason = _odd_beginning(text, mark.line, mark.column)
    else:
        reason = Reason(FindingCode.NOT_YAML_HERE, problem=problem)
        hint = next((hint for begin, hint in _PROBLEMS if problem.startswith(begin)), None)
        if hint is not None:
            reason = Reason(GeneralCode.WITH_HINT, message=reason, hint=Reason(hint))
    return _ReadError(mark.line + 1, mark.column + 1, "M100", reason)


def _odd_beginning(text: str, line: int, column: int) -> Reason:
    """Why no value can begin with the character at this position."""
    character = re.split(r"\r\n|\r|\n", text)[line][column : column + 1]
    if character == "\t":
        return Reason(FindingCode.TAB)
    return Reason(FindingCode.ODD_BEGINNING, character=character)
