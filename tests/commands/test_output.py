from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from bridge.commands.output import (
    Screen,
    columns,
    counted,
    document_lines,
    json_array,
    json_text,
    printable,
    table,
)
from bridge.language.numbers import Number

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_control_characters_are_spelled_out_so_that_no_value_can_forge_a_line() -> None:
    assert printable("a\nb\x1b[2Jc\u202ed\u0085\ud800") == r"a\nb\x1b[2Jc\u202ed\x85\ud800"


def test_cyrillic_and_emoji_stay_as_they_are() -> None:
    assert printable("Спасибо, «Мария» 🎉") == "Спасибо, «Мария» 🎉"


@given(st.text())
def test_whatever_the_text_it_stays_on_its_line(text: str) -> None:
    assert printable(text).isprintable()


@given(_json)
def test_json_for_the_terminal_reads_back_as_what_it_was(document: object) -> None:
    text = json_text(document)
    assert text.isprintable()
    assert json.loads(text) == document


@given(_json)
def test_an_indented_document_reads_back_as_what_it_was(document: object) -> None:
    lines = list(document_lines(document))
    assert all(line.isprintable() for line in lines)
    assert json.loads("\n".join(lines)) == document


def test_half_a_surrogate_pair_and_control_characters_become_escapes_in_json() -> None:
    assert json_text({"a": "\ud83d\x9b\u202e🎉"}) == r'{"a":"\ud83d\u009b\u202e🎉"}'


def test_a_document_keeps_its_digits_and_its_order() -> None:
    document = {"b": [Number("1990.00"), {}], "a": {"x": None}}
    assert list(document_lines(document)) == [
        "{",
        '  "b": [',
        "    1990.00,",
        "    {}",
        "  ],",
        '  "a": {',
        '    "x": null',
        "  }",
        "}",
    ]


def test_an_array_has_one_element_a_line_and_an_empty_one_is_an_array_too() -> None:
    assert json_array([{"id": 1}, {"id": 2}]) == '[\n{"id":1},\n{"id":2}\n]'
    assert json_array([]) == "[]"


def test_a_table_is_aligned_by_what_a_terminal_shows() -> None:
    rows = [("1", "короткое", "x"), ("20", "漢字", "y")]
    assert list(table(("ID", "NAME", "Z"), rows, None)) == [
        "ID  NAME      Z",
        "1   короткое  x",
        "20  漢字      y",
    ]


def test_the_widest_columns_are_cut_to_fit_the_terminal() -> None:
    rows = [("1", "a" * 50, "b" * 30)]
    head, line = table(("ID", "NAME", "WHY"), rows, 40)
    assert line == f"1   {'a' * 16}…  {'b' * 16}…"
    assert columns(line) <= 40
    assert columns(head) <= 40


def test_a_pipe_gets_whole_values() -> None:
    (_, line) = table(("ID",), [("x" * 500,)], None)
    assert line == "x" * 500


@given(st.lists(st.tuples(st.text(), st.text(), st.text()), max_size=5), st.integers(30, 120))
def test_no_row_is_wider_than_the_terminal(rows: list[tuple[str, str, str]], width: int) -> None:
    assert all(columns(line) <= width for line in table(("A", "B", "C"), rows, width))


def test_colours_are_only_for_those_who_want_them() -> None:
    assert Screen(80, color=True).paint("x", "red") == "\x1b[31mx\x1b[0m"
    assert Screen(80).paint("x", "red") == "x"


def test_things_are_counted_in_words() -> None:
    assert [counted(many, "call") for many in (0, 1, 1200)] == ["0 calls", "1 call", "1,200 calls"]
