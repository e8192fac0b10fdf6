"""Reads parameters as PHP does, from the query and from a form or JSON body. Pure.

Written from PHP's rules for `$_GET`. It shares no code with the bridge's encoder: tests check that encoder
with it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

Tree: TypeAlias = dict[str, Any]
"""Names to texts or to further trees; a JSON body may also bring numbers, flags, nulls and lists."""

MAX_PARAMETERS = 1000
"""PHP's `max_input_vars`."""
MAX_DEPTH = 64
"""PHP's `max_input_nesting_level`: deeper parameters are dropped."""

_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_BRACKETS = re.compile(r"\[([^\]]*)\]")
_INDEX = re.compile(r"(?:0|-?[1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Parameters:
    values: Tree
    faults: tuple[str, ...] = ()
    """What could not be read, one sentence each."""


def read(query: bytes, content_type: str, body: bytes) -> Parameters:
    """Query and body merged; the body wins, as in Laravel."""
    sent = decode(query)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return _merge(sent, decode(body))
    if "/json" in kind or "+json" in kind:
        return _merge(sent, _decode_json(body))
    return sent


def decode(encoded: bytes) -> Parameters:
    """`a=1&b[x]=2` → {"a": "1", "b": {"x": "2"}}. Never raises."""
    tree: Tree = {}
    faults: list[str] = []
    pairs = [pair for pair in encoded.replace(b"+", b" ").split(b"&") if pair]
    if len(pairs) > MAX_PARAMETERS:
        faults.append(f"expected at most {MAX_PARAMETERS} parameters, found {len(pairs)}")
    for pair in pairs[:MAX_PARAMETERS]:
        name, _, value = pair.partition(b"=")
        try:
            keys, text = _keys(name), unescape(value).decode()
        except UnicodeDecodeError:
            keys = split_name(unescape(name).decode(errors="replace"))
            text = unescape(value).decode(errors="replace")
            faults.append(f"expected UTF-8, found other bytes in {pair[:60].decode(errors='replace')}")
        if keys:
            _put(tree, keys, text)
    return Parameters(tree, tuple(faults))


@lru_cache(maxsize=4096)
def _keys(escaped: bytes) -> tuple[str | None, ...]:
    """The path to a value. Cached, because calls repeat the same few names."""
    return split_name(unescape(escaped).decode())


def split_name(name: str) -> tuple[str | None, ...]:
    """`a[b][]` → ("a", "b", None): the path to a value. Empty if PHP drops the parameter."""
    name = name.lstrip(" ")
    outer, bracket, rest = name.partition("[")
    if not outer:
        return ()
    if bracket and "]" not in rest:
        return (f"{_underscored(outer)}_{rest}",)
    keys: list[str | None] = [_underscored(outer)]
    place = len(outer)
    while inner := _BRACKETS.match(name, place):
        keys.append(inner[1] if inner[1].strip() else None)
        place = inner.end()
    return tuple(keys) if len(keys) <= MAX_DEPTH else ()


def _underscored(name: str) -> str:
    return name.replace(" ", "_").replace(".", "_")


def _put(tree: Tree, keys: tuple[str | None, ...], value: str) -> None:
    """Set the value at this path; None is the next free index."""
    name = _next_index(tree) if keys[0] is None else keys[0]
    if len(keys) == 1:
        tree[name] = value
        return
    below = tree.get(name)
    if not isinstance(below, dict):
        below = tree[name] = {}
    _put(below, keys[1:], value)


def _next_index(tree: Tree) -> str:
    return str(max((int(key) for key in tree if _INDEX.fullmatch(key)), default=-1) + 1)


def unescape(escaped: bytes) -> bytes:
    """Decode percent escapes; a percent sign without two hex digits is kept."""
    return _ESCAPES.sub(_bytes, escaped) if b"%" in escaped else escaped


def _bytes(run: re.Match[bytes]) -> bytes:
    return bytes.fromhex(run[0].translate(None, b"%").decode())


def _decode_json(body: bytes) -> Parameters:
    try:
        document = json.loads(body, parse_constant=_no_constant) if body else {}
    except (ValueError, RecursionError):
        return Parameters({}, ("expected JSON in the body, found something else",))
    if not isinstance(document, dict) or _is_deep(document, MAX_DEPTH):
        return Parameters({}, (f"expected a JSON object at most {MAX_DEPTH} deep in the body",))
    return Parameters(document)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _is_deep(value: Any, most: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(most <= 1 or _is_deep(child, most - 1) for child in inner if isinstance(child, dict | list))


def _merge(query: Parameters, body: Parameters) -> Parameters:
    return Parameters(query.values | body.values, query.faults + body.faults)
