from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.commands.show.output import (
    Screen,
    columns,
    json_array,
    printable,
    table,
)
from bridge.reasons.reason import GeneralCode, Reason
from bridge.text.catalogue import THIN
from bridge.text.render import render


def test_control_characters_are_spelled_out_so_that_no_value_can_forge_a_line() -> None:
    assert printable("a\nb\x1b[2Jc\u202ed\u0085\ud800") == r"a\nb\x1b[2Jc\u202ed\x85\ud800"


def test_cyrillic_and_emoji_stay_as_they_are() -> None:
    assert printable("Спасибо, «Мария» 🎉") == "Спасибо, «Мария» 🎉"


@given(st.text())
def test_any_text_stays_on_its_line(text: str) -> None:
    assert printable(text).replace(THIN, " ").isprintable()


def test_the_digits_of_a_russian_number_stay_in_threes() -> None:
    assert printable(render(Reason(GeneralCode.NUMBER, count=72_764), "ru")) == f"72{THIN}764"


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
