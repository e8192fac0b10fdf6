"""Both languages say the same things, and everything that they can say is said somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import pytest

from bridge.dispatch.http.exchange import Phase
from bridge.dispatch.policy.breaker import Gate
from bridge.model import Match, Outcome, State
from bridge.text.catalogue import LANGUAGES, Entry, catalogue, plural
from bridge.text.console import translator

WEB = Path(__file__).parents[2] / "bridge" / "web"
FORMS = {"en": {"one", "other"}, "ru": {"one", "few", "many"}}
TEXTS = {
    path: path.read_text(encoding="utf-8")
    for pattern in ("templates/console/**/*.html", "console/**/*.py")
    for path in WEB.glob(pattern)
}
QUOTED = {key for text in TEXTS.values() for key in re.findall(r'"([a-z]\w*(?:\.\w+)+)"', text)}
BEGINNINGS = {
    found for text in TEXTS.values() for found in re.findall(r'"([a-z]\w*(?:\.\w+)*\.)" ~', text)
} | {found for text in TEXTS.values() for found in re.findall(r'f["\']([a-z]\w*(?:\.\w+)*\.)\{', text)}
"""Of keys that are put together: t("states.call." ~ state), t(f"overview.step.{kind}")."""


def forms(entry: Entry) -> Iterable[str]:
    return [entry] if isinstance(entry, str) else entry.values()


ENGLISH = catalogue("en", "console")


def test_both_languages_have_the_same_keys() -> None:
    assert ENGLISH.keys() == catalogue("ru", "console").keys()


def test_a_plural_has_all_forms_of_its_language() -> None:
    wrong = [
        (language, key)
        for language, expected in FORMS.items()
        for key, entry in catalogue(language, "console").items()
        if not isinstance(entry, str) and set(entry) != expected
    ]
    assert wrong == []


def test_placeholders_agree_in_both_languages_and_all_forms() -> None:
    def names(key: str) -> set[frozenset[str]]:
        entries = [form for language in LANGUAGES for form in forms(catalogue(language, "console")[key])]
        return {frozenset(re.findall(r"\{(\w+)\}", form)) for form in entries}

    assert [key for key in ENGLISH if len(names(key)) > 1] == []


def test_every_key_that_a_page_asks_for_exists() -> None:
    asked = {key for text in TEXTS.values() for key in re.findall(r'\bt\("([\w.]+)"[,)]', text)}
    assert asked
    assert asked - ENGLISH.keys() == set()


def test_no_words_are_left_over() -> None:
    unused = [key for key in ENGLISH if key not in QUOTED and not key.startswith(tuple(BEGINNINGS))]
    assert unused == []


def test_no_words_stand_in_a_template_itself() -> None:
    """Between tags there is nothing but what t() and values give, and the product's name."""
    strays = []
    for path, text in TEXTS.items():
        if path.suffix != ".html":
            continue
        bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>|&\w+;", " ", text, flags=re.DOTALL)
        strays += [(path.name, word) for word in re.findall(r"[^\W\d_]{2,}", bare)]
    allowed = {"leadbridge", "BRIDGE", "CONSOLE", "PASSWORD", "BRIDGE_CONSOLE_PASSWORD"}
    assert [stray for stray in strays if stray[1] not in allowed] == []


@pytest.mark.parametrize(
    ("prefix", "states"),
    [
        ("states.call", State),
        ("states.outcome", Outcome),
        ("states.verdict", Match),
        ("states.breaker", Gate),
        ("call.phase", Phase),
        ("call.means", State),
    ],
)
def test_every_state_has_a_name(prefix: str, states: type[StrEnum]) -> None:
    named = {key.removeprefix(f"{prefix}.") for key in ENGLISH if key.startswith(f"{prefix}.")}
    assert named == {state.value for state in states}


@pytest.mark.parametrize(
    ("number", "form"),
    [(1, "one"), (21, "one"), (2, "few"), (24, "few"), (0, "many"), (5, "many"), (11, "many"), (112, "many")],
)
def test_a_russian_number_takes_its_form(number: int, form: str) -> None:
    assert plural("ru", number) == form


def test_a_count_chooses_the_form_and_is_written_in_threes() -> None:
    assert translator("en")("common.tree.items", count=1) == "1 value"
    assert translator("ru")("common.tree.items", count=22) == "22 значения"
    assert translator("ru")("common.tree.items", count=12345) == "12\u202f345 значений"


def test_a_value_in_words_is_never_taken_for_a_placeholder() -> None:
    assert translator("en")("errors.local.asked", host="{count}") == "You asked for {count}."
