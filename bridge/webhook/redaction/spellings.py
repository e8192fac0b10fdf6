"""Finds texts in any spelling: percent-encoded, escaped as in JSON, with entities, or several of these."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}(?:\\u[0-9A-Fa-f]{4})*|[^u])")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
_ENCODED = re.compile(r"[%\\&+]")
_DEEPEST: Final = 3
"""The most nested encodings: JSON in a form field of a URL in JSON."""
_MOST: Final = 24
_WHOLE: Final = 4
"""A text of fewer characters is found only as a whole word."""
_CUT: Final = 6
"""A text that was cut is found by at least so many characters of its beginning."""

Span: TypeAlias = tuple[int, int]
_Decoded: TypeAlias = tuple[str, list[int]]
"""A decoded piece, and where in the encoded piece each of its characters begins."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """The text with some encodings decoded. `starts`: where each character begins in the original text."""

    text: str
    starts: list[int] | range

    def span(self, begin: int, end: int) -> Span:
        return self.starts[begin], self.starts[end]


def found(text: str, wanted: Iterable[str]) -> list[Span]:
    """The positions of the wanted texts, in order and without overlaps."""
    known = [one for one in wanted if one]
    spans = (
        [span for layer in _layers(text) for one in known for span in _in_layer(layer, one)] if known else []
    )
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _in_layer(layer: _Layer, wanted: str) -> Iterator[Span]:
    text, size = layer.text, len(wanted)
    at = text.find(wanted)
    while at >= 0:
        if size >= _WHOLE or _is_whole_word(text, at, at + size):
            yield layer.span(at, at + size)
        at = text.find(wanted, at + size)
    bare = text.rstrip("…\"' ")
    lengths = range(min(size - 1, len(bare)), _CUT - 1, -1) if wanted[:_CUT] in bare[-size:] else ()
    kept = next((many for many in lengths if bare.endswith(wanted[:many])), 0)
    if kept:
        yield layer.span(len(bare) - kept, len(bare))


def _is_whole_word(text: str, begin: int, end: int) -> bool:
    return not (text[begin - 1 : begin].isalnum() or text[end : end + 1].isalnum())


def _layers(text: str) -> list[_Layer]:
    """The text as it is, and with each possible encoding decoded."""
    layers = [_Layer(text, range(len(text) + 1))]
    fresh = layers
    for _ in range(_DEEPEST if _ENCODED.search(text) else 0):
        known = {layer.text for layer in layers}
        made = {one.text: one for layer in fresh for one in _decoded(layer)}
        fresh = [one for text, one in made.items() if text not in known]
        layers = [*layers, *fresh][:_MOST]
    return layers


def _decoded(layer: _Layer) -> Iterator[_Layer]:
    yield from _replaced(layer, _PERCENT, _percent)
    if "+" in layer.text:
        yield _Layer(layer.text.replace("+", " "), layer.starts)
    yield from _replaced(layer, _ESCAPE, _escape)
    yield from _replaced(layer, _ENTITY, _entity)


def _replaced(layer: _Layer, pattern: re.Pattern[str], decode: Callable[[str], _Decoded]) -> Iterator[_Layer]:
    pieces: list[str] = []
    starts: list[int] = []
    position = 0
    for match in pattern.finditer(layer.text):
        pieces.append(layer.text[position : match.start()])
        starts += layer.starts[position : match.start()]
        piece, offsets = decode(match[0])
        pieces.append(piece)
        starts += [layer.starts[match.start() + offset] for offset in offsets]
        position = match.end()
    if position:
        yield _Layer("".join(pieces) + layer.text[position:], [*starts, *layer.starts[position:]])


def _percent(piece: str) -> _Decoded:
    data = bytes.fromhex(piece.replace("%", ""))
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text, sizes = data.decode("latin-1"), [1] * len(data)
    else:
        sizes = [len(char.encode()) for char in text]
    offsets, at = [], 0
    for size in sizes:
        offsets.append(3 * at)
        at += size
    return text, offsets


def _escape(piece: str) -> _Decoded:
    if not piece.startswith("\\u"):
        text = str(json.loads(f'"{piece}"')) if piece[1] in '"\\/bfnrt' else piece[1]
        return text, [0] * len(text)
    units = [int(code, 16) for code in piece.split("\\u")[1:]]
    data = b"".join(unit.to_bytes(2, "big") for unit in units)
    text = data.decode("utf-16-be", "surrogatepass") if _paired(units) else "".join(map(chr, units))
    offsets, at = [], 0
    for char in text:
        offsets.append(6 * at)
        at += 2 if ord(char) > 0xFFFF else 1
    return text, offsets


def _paired(units: list[int]) -> bool:
    try:
        b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be")
    except UnicodeDecodeError:
        return False
    return True


def _entity(piece: str) -> _Decoded:
    text = html.unescape(piece)
    return text, [0] * len(text)
