from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import DocumentError
from bridge.jsonpath.brackets import Bracketed
from bridge.jsonpath.scope import ABSENT
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.text.render import english
from bridge.webhook.budget import OverBudgetError, size_of
from bridge.webhook.decode.forms import build_document, read_pairs
from bridge.webhook.split import Part, Parts, Split
from tests.support.timing import SOON, seconds_of
from tests.webhook.support import source_of


def split(spelled: str) -> Split:
    source = source_of(f"source: s\nverify: {{ip: {{networks: [10.0.0.1]}}}}\nsplit: {spelled}\n")
    assert source.split is not None
    return source.split


def documents(spelled: str, document: Any) -> list[Any]:
    return [part.document for part in split(spelled).parts(document, BIG).all]


def form(text: str) -> Any:
    return build_document(read_pairs(text.encode()))


BIG = 1 << 20
ONE, TWO, THREE = {"n": 1}, {"n": 2}, {"n": 3}
LEADS = form(
    "leads[status][0][id]=7&leads[status][1][id]=8&leads[update][0][id]=7"
    "&account[id]=1&account[_links][self]=https://a"
)


@pytest.mark.parametrize(
    ("spelled", "document", "expected"),
    [
        ("$[*]", [ONE, TWO], [ONE, TWO]),
        ("$.items", {"items": [ONE, TWO]}, [ONE, TWO]),
        ("$.items[*]", form("items[0][a]=1&items[1][a]=2"), [{"a": "1"}, {"a": "2"}]),
        ("$.items[*]", form("items[x][a]=1&items[y][a]=2"), [{"a": "1"}, {"a": "2"}]),
        ("$.items[*]", form("items[][a]=1"), [{"a": "1"}]),
        ("$.items[*].one", {"items": [{"one": ONE}, {"two": TWO}, {"one": THREE}]}, [ONE, THREE]),
        ("['$.a[*]', '$.b[*]']", {"b": [THREE], "a": [ONE, TWO]}, [ONE, TWO, THREE]),
        ("$.a[1][*]", {"a": [[ONE], [TWO, THREE]]}, [TWO, THREE]),
        ("\"$['a','b'].*\"", {"a": [ONE], "c": [TWO], "b": [THREE]}, [ONE, THREE]),
        (
            "$.items[?@.live == true]",
            {"items": [{"live": True, **ONE}, {"live": False}]},
            [{"live": True, **ONE}],
        ),
        ("['$.a[*]', '$.a[*].b[*]']", {"a": [{"b": [ONE, TWO]}, {"c": 3}]}, [{"c": 3}, ONE, TWO]),
        ("$..[?@.n]", {"a": {"b": ONE}}, [ONE]),
    ],
)
def test_items_are_found_in_the_order_of_the_paths(spelled: str, document: Any, expected: list[Any]) -> None:
    assert documents(spelled, document) == expected


@pytest.mark.parametrize("document", [{}, {"items": []}, {"items": 7}, [], None, "text", {"items": {}}])
def test_a_document_without_items_stays_whole(document: Any) -> None:
    assert split("$.items[*]").parts(document, BIG) == Parts((Part(document),))


PERSON = {"id": 1, "name": "Anna", "phone": "+7"}


@pytest.mark.parametrize(
    ("spelled", "document"),
    [
        ("$[*]", PERSON),
        ("{path: '$[*]', keep: envelope}", {"a": ONE, "b": TWO}),
        ("$.items[*]", {"items": PERSON}),
        ("$.items", {"items": PERSON}),
        ("$.items[*]", {"items": {"a": ONE, "b": TWO}}),
        ("$.items[*]", {"items": {"0": ONE, "1": TWO}}),
        ("$.items[?@.n]", {"items": {"a": ONE, "b": TWO}}),
        ("$.entry[*].changes[*]", {"entry": {"changes": [ONE]}}),
        ("$.entry[*].changes[*]", {"entry": [{"changes": PERSON}]}),
        ("$.customer[*]", form("customer[id]=1&customer[name]=Anna&customer[home][city]=X")),
    ],
)
def test_a_map_is_no_list_and_makes_one_event(spelled: str, document: Any) -> None:
    assert documents(spelled, document) == [document]


@pytest.mark.parametrize(
    "document",
    [[1, "text", None, True], [[ONE]], {"items": [1, 2]}, {"items": [None]}],
)
def test_what_is_no_object_never_becomes_an_event(document: Any) -> None:
    parts = split("['$[*]', '$.items[*]']").parts(document, BIG)
    note = Reason(WebhookCode.SPLIT_NO_OBJECT)
    assert parts == Parts((Part(document),), note)


def test_items_that_become_no_event_are_named() -> None:
    parts = split("$[*]").parts([ONE, 5, None, TWO], BIG)
    assert [part.document for part in parts.all] == [ONE, TWO]
    assert (
        english(parts.note)
        == "2 items of the batch are in no event, without an object at the path of `split`: $[1], $[2]"
    )
    parts = split("$.items[*].one").parts({"items": [{"one": ONE}, {"two": TWO}]}, BIG)
    assert english(parts.note) == (
        "1 item of the batch is in no event, without an object at the path of `split`: $['items'][1]"
    )
    many = split("$[*]").parts([ONE, *range(1_000)], BIG)
    assert english(many.note).endswith(": $[1], $[2], $[3], $[4], $[5] and 995 more")


def test_an_element_that_another_path_takes_is_not_missed() -> None:
    both = "{path: ['$.entry[*].changes[*]', '$.entry[*].messaging[*]'], keep: envelope}"
    entry = [{"changes": [ONE]}, {"messaging": [TWO]}, {"other": 3}]
    parts = split(both).parts({"entry": entry}, BIG)
    assert len(parts.all) == 2
    assert english(parts.note).endswith(
        "1 item of the batch is in no event, without an object at the path of `split`: $['entry'][2]"
    )
    assert split("['$.a[*]', '$.a[*].b[*]']").parts({"a": [{"b": [1]}]}, BIG).note is None


def test_the_names_in_a_note_are_cut() -> None:
    name = "k" * 100_000
    note = split("$.a[*][*]").parts({"a": [form(f"{name}=1"), [ONE]]}, BIG).note
    assert 0 < len(english(note)) < 1_000


def test_in_its_envelope_each_item_is_first_and_alone() -> None:
    spelled = "{path: \"$['leads','contacts'][*][*]\", keep: envelope}"
    account = LEADS["account"]
    assert documents(spelled, LEADS) == [
        {"account": account, "leads": {"status": {"0": {"id": "7"}}}},
        {"account": account, "leads": {"status": {"0": {"id": "8"}}}},
        {"account": account, "leads": {"update": {"0": {"id": "7"}}}},
    ]
    assert [part.names for part in split(spelled).parts(LEADS, BIG).all] == [
        ("leads", "status"),
        ("leads", "status"),
        ("leads", "update"),
    ]


def test_an_envelope_keeps_lists_as_lists_and_other_content() -> None:
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
    split("{path: '$.leads[*][*]', keep: envelope}").parts(LEADS, BIG)
    assert json.dumps(LEADS) == before


def test_in_an_envelope_only_objects_are_items() -> None:
    document = {"message": {"id": "1", "text": "hi"}}
    assert documents("{path: '$.message[*]', keep: envelope}", document) == [document]


def test_the_parts_of_a_form_are_a_form() -> None:
    for document in documents("{path: '$.leads[*][*]', keep: envelope}", LEADS):
        assert type(document) is type(document["leads"]) is Bracketed


def test_ten_thousand_items_with_their_envelope_take_less_than_a_second() -> None:
    items = [{"id": number} for number in range(10_000)]
    document = {"leads": {"add": items}, "account": {"id": 1}}
    whole = split("{path: '$.leads.add[*]', keep: envelope}")
    assert len(whole.parts(document, BIG).all) == 10_000
    assert seconds_of(lambda: whole.parts(document, BIG)) < SOON
    items.append({"id": 0})
    with pytest.raises(DocumentError):
        whole.parts(document, BIG)


def test_a_large_envelope_of_many_items_is_refused_before_it_is_built() -> None:
    document = {"items": [{} for _ in range(4_000)], **{f"k{n}": "text" for n in range(4_000)}}
    whole = split("{path: '$.items[*]', keep: envelope}")
    refused: list[str] = []

    def take() -> None:
        with pytest.raises(OverBudgetError) as error:
            whole.parts(document, 100_000)
        refused.append(error.value.sentence)

    assert seconds_of(take) < SOON
    assert refused[0] == (
        "`split` into 4,000 events, each with its envelope, would store 237 MB, "
        "a webhook of 100 KB may store 1,062 KB; make its rules or `split` produce less, then replay it"
    )


def _maps(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    plain = st.dictionaries(st.sampled_from("ab01"), inner, max_size=3)
    return plain | plain.map(Bracketed)


_DOCUMENTS = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | _maps(inner),
    max_leaves=15,
)


@given(_DOCUMENTS)
def test_any_document_is_split_without_losing_content_outside_the_items(document: Any) -> None:
    for path in ("$[*]", "$.a[*]", "$[*][*]", "$.a[*].b[*]", "$['a','b'][*]"):
        assert split(path).parts(document, BIG)
        for part in split(f'{{path: "{path}", keep: envelope}}').parts(document, BIG).all:
            if isinstance(document, dict) and isinstance(part.document, dict):
                kept = {key: value for key, value in part.document.items() if key not in ("a", "b", "0", "1")}
                assert kept.items() <= document.items()


@given(st.data())
def test_the_size_of_a_part_is_never_less_than_its_document_takes(data: st.DataObject) -> None:
    document = data.draw(_DOCUMENTS)
    for path in ("$[*]", "$.a[*]", "$[*][*]", "$.a[*].b[*]", "$['a','b'][*]"):
        for keep in ("item", "envelope"):
            parts = split(f'{{path: "{path}", keep: {keep}}}').parts(document, BIG).all
            assert all(part.size >= size_of(part.document) for part in parts if part.item is not ABSENT)
