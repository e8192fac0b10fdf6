from __future__ import annotations

import pytest

from bridge.jsonpath.exact_numbers import Number
from bridge.jsonpath.path import compile_path
from bridge.reasons.span import span
from bridge.text.catalogue import count
from bridge.text.render import english
from bridge.web.console.view.display import clock, instant, size, tone
from bridge.web.console.view.lists import harmless
from bridge.web.console.view.tree import SHORT, Node, nodes, tree

NARROW = "\u202f"


def leaves(node: Node) -> list[Node]:
    return [leaf for child in node.children for leaf in leaves(child)] if node.branch else [node]


def test_digits_stand_in_threes_from_five_on() -> None:
    assert [count(number) for number in (0, 999, 9999, 10_000, 1_234_567, -12_345)] == [
        "0", "999", "9999", f"10{NARROW}000", f"1{NARROW}234{NARROW}567", f"-12{NARROW}345",
    ]  # fmt: skip


def test_bytes_and_spans_take_their_largest_unit() -> None:
    assert [size(number) for number in (0, 999, 1500, 2_500_000)] == [
        ("0", "B"), ("999", "B"), ("1.5", "KB"), ("2.5", "MB"),
    ]  # fmt: skip
    assert [english(span(ms)) for ms in (0, 400, 59_999, 60_000, 7_200_000, 90_000_000)] == [
        "0 s", "400 ms", "59 s", "1 min", "2 h", "1 d",
    ]  # fmt: skip


def test_an_instant_keeps_its_milliseconds_and_an_impossible_one_breaks_nothing() -> None:
    assert instant(1_800_000_000_007) == "2027-01-15T08:00:00.007Z"
    assert clock(1_800_000_000_007) == "2027-01-15 08:00:00 UTC"
    assert (instant(10**18), clock(10**18)) == ("", str(10**18))


def test_a_state_without_a_colour_of_its_own_is_idle() -> None:
    assert (tone("done"), tone("uncertain"), tone("cancelled")) == ("good", "warn", "idle")


def test_each_value_carries_the_path_that_a_mapping_file_finds_it_by() -> None:
    document = {"a": {"имя с пробелом": [1, None]}, "it's": {'"': True}, "дата": "x", "": 0}
    for leaf in leaves(tree(document)):
        path = compile_path(leaf.path)
        assert path.steps
    assert [leaf.path for leaf in leaves(tree(document))][:2] == [
        '$.a["имя с пробелом"][0]',
        '$.a["имя с пробелом"][1]',
    ]


def test_values_are_shown_as_they_came() -> None:
    shown = [(leaf.kind, leaf.text) for leaf in leaves(tree([Number("1990.00"), 2**60, True, None, "<b>"]))]
    assert shown == [
        ("number", "1990.00"),
        ("number", str(2**60)),
        ("boolean", "true"),
        ("null", "null"),
        ("text", "<b>"),
    ]


def test_a_long_text_shows_its_beginning_and_keeps_the_rest_at_hand() -> None:
    (leaf,) = tree(["x" * 500]).children
    assert (len(leaf.text), len(leaf.rest)) == (SHORT, 500 - SHORT)


def test_of_a_huge_document_what_does_not_show_is_counted() -> None:
    shown = tree(list(range(100_000)), most=50)
    assert nodes(shown) == 50
    assert shown.hidden == 100_000 - 49
    assert (
        sum(len(leaf.text) + len(leaf.rest) for leaf in leaves(tree(["y" * 900_000] * 20))) <= 200_000 + SHORT
    )


def test_a_document_that_is_one_value_has_the_root_as_its_path() -> None:
    assert tree("plain") == Node("", "$", "text", "plain")
    assert tree({}) == Node("", "$", "object")


@pytest.mark.parametrize("cell", ["=1+1", "+7 912", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_spreadsheet_calculates_nothing_of_an_export(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


def test_figures_and_words_of_an_export_stay_as_they_are() -> None:
    assert [harmless(cell) for cell in (-5, "-5.20", "a=b", "")] == ["-5", "-5.20", "a=b", ""]
