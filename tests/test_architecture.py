"""The code map is true: every module stands in it with its own first sentence."""

from __future__ import annotations

from tests.support.codemap import PAGE, code_map, with_map


def test_the_code_map_is_as_the_modules_are_now() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_map(page), "run: make docs"


def test_every_module_says_in_a_sentence_what_it_is() -> None:
    silent = [line for line in code_map().splitlines() if line.startswith("- ") and line.endswith("` ")]
    assert silent == []
