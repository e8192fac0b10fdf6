"""Paths of names and numbers alone: read once per shape, each with its own names and numbers."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.ast import Digits, Name, Position, Query, Segment
from bridge.jsonpath.grammar import parse

DOTTED = st.from_regex(r"\A[a-zа-яё_][a-zа-яё0-9_]{0,5}\Z").map(lambda name: (f".{name}", Name(name)))
QUOTED = st.text(max_size=5).map(lambda name: (f"[{json.dumps(name)}]", Name(name)))
NUMBERED = st.integers(-5, 99).map(lambda number: (f"[{number}]", Position(number)))
DIGITS = st.integers(0, 99).map(lambda number: (f".{number}", Name(Digits(str(number)))))
STEPS = st.lists(st.one_of(DOTTED, QUOTED, NUMBERED, DIGITS), max_size=6)


@given(st.sampled_from(["$", "$headers", "$query", "$event", "$item"]), STEPS)
def test_each_step_is_what_was_written(root: str, steps: list[tuple[str, Name | Position]]) -> None:
    query = parse(root + "".join(text for text, _ in steps))
    assert query == Query(root, tuple(Segment((selector,)) for _, selector in steps))


def test_paths_of_one_shape_do_not_share_their_names() -> None:
    first, second = parse("$.a['b'][0].1"), parse("$.c['d'][7].2")
    assert first != second
    assert second == Query(
        "$",
        (
            Segment((Name("c"),)),
            Segment((Name("d"),)),
            Segment((Position(7),)),
            Segment((Name(Digits("2")),)),
        ),
    )
    (last,) = second.segments[3].selectors
    assert isinstance(last, Name)
    assert isinstance(last.name, Digits)
