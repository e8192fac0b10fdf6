"""Inferred values are written as YAML that reads back as the same value."""

from __future__ import annotations

import pytest

from bridge.language.document import read
from bridge.language.nodes import Report, plain
from bridge.mapping.author.infer_rule import infer_identity, scalar
from bridge.model import Json

TEXTS = [
    "paid",
    "order.paid",
    "$.a.b",
    "$event.type",
    "null",
    "True",
    "yes",
    "OFF",
    "y",
    "n",
    "12",
    "1e3",
    "a: b",
]


@pytest.mark.parametrize("value", [*TEXTS, "", " a", "#x", "\\", "'", '"', "№ 7", 5, True, None])
def test_a_scalar_reads_back_as_its_value(value: Json) -> None:
    node = read(f"key: {scalar(value)}\n".encode(), Report("x.yml"))
    assert node is not None
    assert plain(node) == {"key": value}


@pytest.mark.parametrize("word", ["null", "Yes", "off", "n"])
def test_words_that_other_readers_of_yaml_take_for_flags_are_quoted(word: str) -> None:
    assert scalar(word) == f'"{word}"'


def test_what_names_an_event_and_its_type_is_found_at_the_top() -> None:
    assert infer_identity({"event": "paid", "id": "e-1", "order": {"id": 7}}) == ("$.id", "$.event")
