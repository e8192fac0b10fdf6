"""Every code has a text in every language with the parameters that it is made with, and is made somewhere."""

from __future__ import annotations

import ast
import itertools
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from bridge.reasons.reason import Code, GeneralCode, Reason, recorded
from bridge.reasons.stored import AREAS, from_document, from_json, from_text, to_json, to_text
from bridge.text.catalogue import LANGUAGES, PLACEHOLDER, Entry, catalogue
from bridge.text.render import english, render

BRIDGE = Path(__file__).parents[2] / "bridge"
FORMS = {"en": {"one", "other"}, "ru": {"one", "few", "many"}}
CODES = [code for area in AREAS for code in area]


def forms(entry: Entry) -> Iterable[str]:
    return [entry] if isinstance(entry, str) else entry.values()


def placeholders(language: str, code: Code) -> set[str]:
    """The names that the text shows, in any of its forms, with `count` where it has forms."""
    entry = catalogue(language, "reasons")[code.value]
    names = {found[1] for form in forms(entry) for found in PLACEHOLDER.finditer(form)}
    return names if isinstance(entry, str) else names | {"count"}


@cache
def modules() -> dict[str, ast.Module]:
    return {path.relative_to(BRIDGE).as_posix(): ast.parse(path.read_text()) for path in BRIDGE.rglob("*.py")}


def made() -> Iterator[tuple[str, str, set[str] | None]]:
    """Where, which code by its `Class.MEMBER`, and with which parameters; None where they are spread."""
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason":
                names = {one.arg for one in node.keywords}
                for code in codes_of(node.args[0]):
                    yield f"{path}:{node.lineno}", code, None if None in names else {*map(str, names)}


def codes_of(node: ast.expr) -> Iterator[str]:
    """`Class.MEMBER`, also in the branches of a conditional expression."""
    if isinstance(node, ast.IfExp):
        yield from itertools.chain(codes_of(node.body), codes_of(node.orelse))
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        yield f"{node.value.id}.{node.attr}"


def named(code: Code) -> str:
    return f"{type(code).__name__}.{code.name}"


def sample(code: Code) -> Reason:
    """The reason with values that no text has itself."""
    return Reason(code, **{name: 7 if name == "count" else f"<{name}>" for name in placeholders("en", code)})


def test_every_area_is_read_from_the_database() -> None:
    assert set(Code.__subclasses__()) == set(AREAS)


def test_codes_are_unique_and_named_after_their_member() -> None:
    assert len({code.value for code in CODES}) == len(CODES)
    odd = [code.value for code in CODES if code.value.rpartition(".")[2] != code.name.lower()]
    assert odd == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_and_codes_are_the_same(language: str) -> None:
    assert set(catalogue(language, "reasons")) == {code.value for code in CODES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plural_has_all_forms_of_its_language(language: str) -> None:
    entries = catalogue(language, "reasons").items()
    wrong = [key for key, one in entries if not isinstance(one, str) and set(one) != FORMS[language]]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_shows_all_its_values(language: str) -> None:
    wrong = []
    for code in CODES:
        reason = sample(code)
        words = render(reason, language)
        shown = placeholders(language, code)
        whole = all(f"<{name}>" in words for name in shown - {"count"}) and not PLACEHOLDER.search(words)
        if not words or not whole or shown - {"count"} != placeholders("en", code) - {"count"}:
            wrong.append((code.value, words))
    assert wrong == []


def test_every_reason_is_made_with_the_values_of_its_text() -> None:
    known = {named(code): code for code in CODES}
    wrong = [
        (where, code, sorted(given), sorted(placeholders("en", known[code])))
        for where, code, given in made()
        if code in known and given is not None and given != placeholders("en", known[code])
    ]
    assert wrong == []


def test_every_code_is_used() -> None:
    used = {
        f"{node.value.id}.{node.attr}"
        for tree in modules().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    assert [named(code) for code in CODES if named(code) not in used] == []


@pytest.mark.parametrize("code", CODES)
def test_what_is_stored_is_read_back(code: Code) -> None:
    reason = Reason(GeneralCode.WITH_HINT, message=sample(code), hint=(sample(code), 1, None, "Ж\ud800"))
    assert from_text(to_text(reason)) == reason
    assert from_json(to_json(reason)) == reason


@pytest.mark.parametrize(
    "text",
    [
        "answered 404",
        "[1]",
        "null",
        "{" * 5_000,
        "[" * 200_000,
        '{"code": "gone.code"}',
        '{"code": ["x"]}',
        '{"code": "general.recorded", "text": 1.5}',
        '{"code": "general.recorded", "text": {"a": 1}}',
        '{"code": "general.verbatim", "text": ' * 200 + '""' + "}" * 200,
        '{"code": "general.verbatim", "text": ' + "[" * 200 + "]" * 200 + "}",
        '{"code": "general.recorded", "text": "' + "x" * 70_000 + '"}',
    ],
    ids=range(12),
)
def test_an_unknown_reason_is_shown_as_recorded_text(text: str) -> None:
    reason = from_text(text)
    assert reason == recorded(text)
    assert english(reason) == f"“{text}”"
    assert render(reason, "ru") == f"«{text}»"


def test_a_document_with_deeply_nested_reasons_is_shown_as_recorded_text() -> None:
    deep = json.loads('{"code": "general.verbatim", "text": ' * 900 + '""' + "}" * 900)
    assert from_document(deep) == recorded(json.dumps(deep))


def test_reasons_a_few_levels_deep_are_read_back() -> None:
    reason = recorded("odd")
    for _ in range(30):
        reason = Reason(GeneralCode.WITH_HINT, message="odd", hint=reason)
    assert from_text(to_text(reason)) == reason


def test_no_reason_is_no_text() -> None:
    assert to_text(None) == ""
    assert from_text("") is None
    assert english(None) == ""


def test_a_value_is_never_taken_for_a_placeholder() -> None:
    assert english(recorded("{text} {count}")) == "“{text} {count}”"


def test_a_value_that_a_stored_reason_lacks_shows_its_name() -> None:
    assert english(from_text('{"code": "general.with_hint", "message": "odd"}')) == "odd; {hint}"
