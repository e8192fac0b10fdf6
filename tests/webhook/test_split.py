from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import DocumentError
from bridge.webhook.split import Part, Split
from tests.support.timing import SOON, seconds_of
from tests.webhook.support import source_of


def split(spelled: str) -> Split:
    source = source_of(f"source: s\nverify: {{ip: {{networks: [10.0.0.1]}}}}\nsplit: {spelled}\n")
    assert source.split is not None
    return source.split


def documents(spelled: str, document: Any) -> list[Any]:
    return [part.document for part in split(spelled).parts(document)]


LEADS = {
    "leads": {"status": {"0": {"id": "7"}, "1": {"id": "8"}}, "update": {"0": {"id": "7"}}},
    "account": {"id": "1", "_links": {"self": "https://a"}},
}


@pytest.mark.parametrize(
    ("spelled", "document", "expected"),
    [
        ("$[*]", [{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}]),
        ("$.items", {"items": [1, 2]}, [1, 2]),
        ("$.items[*]", {"items": {"0": 1, "1": 2}}, [1, 2]),
        ("$.items[*].one", {"items": [{"one": 1}, {"two": 2}, {"one": 3}]}, [1, 3]),
        ("['$.a[*]', '$.b[*]']", {"b": [3], "a": [1, 2]}, [1, 2, 3]),
        ("$.a[1][*]", {"a": [[1], [2, 3]]}, [2, 3]),
        ("\"$['a','b'].*\"", {"a": {"x": 1}, "c": {"x": 2}, "b": {"x": 3}}, [1, 3]),
        (
            "$.items[?@.live == true]",
            {"items": [{"live": True, "n": 1}, {"live": False}]},
            [{"live": True, "n": 1}],
        ),
        ("['$.a[*]', '$.a[*].b[*]']", {"a": [{"b": [1, 2]}, {"c": 3}]}, [{"c": 3}, 1, 2]),
    ],
)
def test_items_are_found_in_the_order_of_the_paths(spelled: str, document: Any, expected: list[Any]) -> None:
    assert documents(spelled, document) == expected


@pytest.mark.parametrize("document", [{}, {"items": []}, {"items": 7}, [], None, "text", {"items": {}}])
def test_a_document_without_items_stays_whole(document: Any) -> None:
    assert split("$.items[*]").parts(document) == (Part(document),)


def test_with_its_envelope_each_item_stands_first_and_alone() -> None:
    spelled = "{path: \"$['leads','contacts'][*][*]\", keep: envelope}"
    account = LEADS["account"]
    assert documents(spelled, LEADS) == [
        {"account": account, "leads": {"status": {"0": {"id": "7"}}}},
        {"account": account, "leads": {"status": {"0": {"id": "8"}}}},
        {"account": account, "leads": {"update": {"0": {"id": "7"}}}},
    ]
    assert [part.names for part in split(spelled).parts(LEADS)] == [
        ("leads", "status"),
        ("leads", "status"),
        ("leads", "update"),
    ]


def test_an_envelope_keeps_lists_as_lists_and_what_is_beside_the_way() -> None:
    document = {
        "object": "page",
        "entry": [
            {"id": 1, "changes": [{"field": "f", "value": {"texts": [{"m": 1}, {"m": 2}], "who": "c"}}]},
            {"id": 2, "changes": [{"field": "g", "value": {}}]},
        ],
    }
    spelled = "{path: ['$.entry[*].changes[*]', '$.entry[*].changes[*].value.texts[*]'], keep: envelope}"
    other, *texts = documents(spelled, document)
    assert other == {"object": "page", "entry": [{"id": 2, "changes": [{"field": "g", "value": {}}]}]}
    for number, found in enumerate(texts, 1):
        value = {"who": "c", "texts": [{"m": number}]}
        assert found == {"object": "page", "entry": [{"id": 1, "changes": [{"field": "f", "value": value}]}]}


def test_an_envelope_leaves_what_was_decoded_as_it_is() -> None:
    before = json.dumps(LEADS)
    split("{path: '$.leads[*][*]', keep: envelope}").parts(LEADS)
    assert json.dumps(LEADS) == before


def test_in_an_envelope_only_objects_are_items() -> None:
    document = {"message": {"id": "1", "text": "hi"}}
    assert documents("{path: '$.message[*]', keep: envelope}", document) == [document]


def test_ten_thousand_items_with_their_envelope_take_less_than_a_second() -> None:
    items = {str(number): {"id": number} for number in range(10_000)}
    document = {"leads": {"status": items}, "account": {"id": 1}}
    whole = split("{path: '$.leads[*][*]', keep: envelope}")
    assert len(whole.parts(document)) == 10_000
    assert seconds_of(lambda: whole.parts(document)) < SOON
    items["x"] = {"id": 0}
    with pytest.raises(DocumentError):
        whole.parts(document)


_DOCUMENTS = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab01"), inner, max_size=3),
    max_leaves=15,
)


@given(_DOCUMENTS)
def test_any_document_is_taken_apart_without_losing_what_is_beside_the_items(document: Any) -> None:
    for path in ("$[*]", "$.a[*]", "$[*][*]", "$.a[*].b[*]", "$['a','b'][*]"):
        assert split(path).parts(document)
        for part in split(f'{{path: "{path}", keep: envelope}}').parts(document):
            if isinstance(document, dict) and isinstance(part.document, dict):
                kept = {key: value for key, value in part.document.items() if key not in ("a", "b", "0", "1")}
                assert kept.items() <= document.items()
