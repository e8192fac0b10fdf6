from __future__ import annotations

from typing import Any

import pytest

from bridge.jsonpath.brackets import Bracketed
from tests.webhook.support import NOW, source_of

DOCUMENT = {
    "id": 42,
    "big": 9007199254740993,
    "status": "paid",
    "empty": "",
    "none": None,
    "list": [1, 2],
    "zero": "0",
    "flag": True,
    "o": {"id": "x"},
}


def identity(spelled: str, document: Any = DOCUMENT) -> str:
    source = source_of(f"source: s\nverify: {{ip: {{networks: [10.0.0.1]}}}}\nevent: {{type: {spelled}}}\n")
    (event,) = source.events_of(document, NOW, {"x-id": "m1"}, {"q": "1"})
    return event.type


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ("$.id", "42"),
        ("$.big", "9007199254740993"),
        ("$.flag", "true"),
        ("$headers.x-id", "m1"),
        ("$query.q", "1"),
        ("$event.source", "s"),
        ("$.missing", ""),
        ("$.none", ""),
        ("$.empty", ""),
        ("$.list", ""),
        ("$.o", ""),
        ("'$.list[*]'", "1"),
        ("lead", "lead"),
        ("'{$.status}.{$.id}'", "paid.42"),
        ("'{$.status}.{$.missing}'", ""),
        ("[$.status, $.id, x]", "paid:42:x"),
        ("[$.status, $.missing]", ""),
        ("[$.status, {path: $.missing, default: '-'}]", "paid:-"),
        ("{path: $.zero, except: ['0']}", ""),
        ("{path: $.zero, except: ['1']}", "0"),
        ("{path: $.zero, except: ['0'], default: none}", "none"),
        ("{first_of: [$.missing, [$.id, $.none], $.o.id]}", "x"),
        ("{first_of: [$.missing, $.none]}", ""),
        ("{key: $}", "id"),
        ("{key: $, except: [id, big]}", "status"),
        ("{key: $.o}", "id"),
        ("{key: $.list}", ""),
        ("{key: $.missing}", ""),
        ("{split: names}", ""),
        ("null", ""),
    ],
)
def test_a_type_or_id_is_read_from_the_event(spelled: str, expected: str) -> None:
    assert identity(spelled) == expected


def test_of_a_batch_the_item_and_the_way_to_it_can_be_asked_for() -> None:
    source = source_of(
        "source: s\nverify: {ip: {networks: [10.0.0.1]}}\n"
        "split: {path: '$[*].add[*]', keep: envelope}\n"
        "event: {id: [{split: names}, $item.id, $.account.id], type: {split: names}}\n"
    )
    document = Bracketed(
        {
            "leads": Bracketed({"add": Bracketed({"5": {"id": "7"}})}),
            "tasks": Bracketed({"add": [{"id": "8"}]}),
            "account": {"id": "1"},
        }
    )
    assert [(event.id, event.type) for event in source.events_of(document)] == [
        ("leads.add:7:1", "leads.add"),
        ("tasks.add:8:1", "tasks.add"),
    ]
