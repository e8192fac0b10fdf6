"""Reads parameters the way PHP does, from the query and from a form or JSON body. Pure.

Written on its own, from PHP's rules for `$_GET`, and used by nothing but the sandbox: it is the measure by
which the bridge's own encoder is judged, so the two share no line.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

Tree: TypeAlias = dict[str, Any]
"""Names to texts or to further trees; a JSON body may also bring numbers, flags, nulls and lists."""

MAX_PARAMETERS = 1000
"""PHP's `max_input_vars`."""
MAX_DEPTH = 64
"""PHP's `max_input_nesting_level`: deeper parameters are dropped."""

_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_INDEX = re.compile(r"(?:0|-?[1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Parameters:
    values: Tree
    faults: tuple[str, ...] = ()
    """What could not be read, a sentence each."""


def read(query: bytes, content_type: str, body: bytes) -> Parameters:
    """Query and body merged; where both have a name, the body's stands, as in Laravel."""
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
    pairs = [pair for pair in encoded.split(b"&") if pair]
    if len(pairs) > MAX_PARAMETERS:
        faults.append(f"expected at most {MAX_PARAMETERS} parameters, found {len(pairs)}")
    for pair in pairs[:MAX_PARAMETERS]:
        raw_name, _, raw_value = pair.partition(b"=")
        name, value = _text(raw_name, faults), _text(raw_value, faults)
        if keys := split_name(name):
            _put(tree, keys, value)
    return Parameters(tree, tuple(faults))


def split_name(name: str) -> tuple[str | None, ...]:
    """`a[b][]` → ("a", "b", None): the way down to a value. Empty where PHP drops the parameter."""
    name = name.lstrip(" ")
    outer, bracket, rest = name.partition("[")
    if not outer:
        return ()
    if bracket and "]" not in rest:
        return (_underscored(f"{outer}_") + rest,)
    keys: list[str | None] = [_underscored(outer)]
    while bracket and "]" in rest:
        key, _, rest = rest.partition("]")
        keys.append(key if key.strip(" \t") else None)
        bracket, rest = rest[:1] if rest.startswith("[") else "", rest[1:]
    return tuple(keys) if len(keys) <= MAX_DEPTH else ()


def _underscored(name: str) -> str:
    return name.replace(" ", "_").replace(".", "_")


def _put(tree: Tree, keys: tuple[str | None, ...], value: str) -> None:
    for key in keys[:-1]:
        name = _next_index(tree) if key is None else key
        below = tree.get(name)
        if not isinstance(below, dict):
            below = tree[name] = {}
        tree = below
    last = keys[-1]
    tree[_next_index(tree) if last is None else last] = value


def _next_index(tree: Tree) -> str:
    return str(max((int(key) for key in tree if _INDEX.fullmatch(key)), default=-1) + 1)


def _text(encoded: bytes, faults: list[str]) -> str:
    data = unescape(encoded)
    try:
        return data.decode()
    except UnicodeDecodeError:
        text = data.decode(errors="replace")
        faults.append(f'expected UTF-8, found other bytes in "{text[:60]}"')
        return text


def unescape(encoded: bytes) -> bytes:
    """Percent escapes and plus signs undone; a percent sign without two hex digits stays as it is."""
    spaced = encoded.replace(b"+", b" ")
    if b"%" not in spaced:
        return spaced
    return _ESCAPES.sub(lambda run: bytes.fromhex(run[0].translate(None, b"%").decode()), spaced)


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
