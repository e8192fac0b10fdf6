"""Parameters as PHP reads them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bridge.sandbox.parameters import MAX_DEPTH, MAX_PARAMETERS, Parameters, decode, read, split_name

TEXTS = some.text(some.characters(exclude_categories=["Cs"]))
NAMES = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="[]"), min_size=1).filter(
    lambda name: name.strip() != ""
)
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("encoded", "values"),
    [
        ("", {}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&a=2", {"a": "2"}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("=1", {}),
        ("&&a=1&", {"a": "1"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=1;b=2", {"a": "1;b=2"}),
        ("a=x+y%20z%2B", {"a": "x y z+"}),
        ("a=%D0%AF%f0%9f%8e%89", {"a": "Я🎉"}),
        ("a=100%&b=%zz&c=%4", {"a": "100%", "b": "%zz", "c": "%4"}),
        ("a=%2541", {"a": "%41"}),
        ("a=1%26forced%3Dtrue", {"a": "1&forced=true"}),
        ("a%3D1=2", {"a=1": "2"}),
        ("my.name=1&my name=2", {"my_name": "2"}),
        ("%20a=1", {"a": "1"}),
        ("a[b]=1", {"a": {"b": "1"}}),
        ("a%5Bb%5D=1", {"a": {"b": "1"}}),
        ("a[b.c d]=1", {"a": {"b.c d": "1"}}),
        ("a[b]=1&a[c]=2", {"a": {"b": "1", "c": "2"}}),
        ("a[b][c]=1", {"a": {"b": {"c": "1"}}}),
        ("a[]=x&a[]=y", {"a": {"0": "x", "1": "y"}}),
        ("a[5]=x&a[]=y", {"a": {"5": "x", "6": "y"}}),
        ("a[x]=1&a[]=y", {"a": {"x": "1", "0": "y"}}),
        ("a[ ]=x", {"a": {"0": "x"}}),
        ("a[][b]=1&a[][b]=2", {"a": {"0": {"b": "1"}, "1": {"b": "2"}}}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[b]=1&a=2", {"a": "2"}),
        ("a[b=1", {"a_b": "1"}),
        ("a[b]c=1", {"a": {"b": "1"}}),
        ("a[b]]=1", {"a": {"b": "1"}}),
        ("a[b[c]=1", {"a": {"b[c": "1"}}),
        ("a[b][c=1", {"a": {"b": "1"}}),
        ("[a]=1", {}),
        ("a]=1", {"a]": "1"}),
    ],
)
def test_parameters_are_read_as_php_reads_them(encoded: str, values: dict[str, Any]) -> None:
    assert decode(encoded.encode()) == Parameters(values)


@given(some.dictionaries(NAMES, TEXTS))
def test_any_texts_come_back_from_brackets(variables: dict[str, str]) -> None:
    encoded = "&".join(
        f"variable%5B{quote(name, safe='')}%5D={quote(value, safe='')}" for name, value in variables.items()
    )
    expected = {"variable": variables} if variables else {}
    assert decode(encoded.encode()) == Parameters(expected)


@given(TEXTS)
def test_a_blank_may_be_written_as_a_plus(value: str) -> None:
    assert decode(b"a=" + quote_plus(value).encode()).values == {"a": value}


@given(some.binary())
def test_reading_never_fails_and_what_it_gives_can_be_shown(data: bytes) -> None:
    values = decode(data).values
    assert json.loads(json.dumps(values, ensure_ascii=False).encode()) == values


@given(some.text("a[]. "))
def test_every_name_leads_somewhere_or_nowhere(name: str) -> None:
    keys = split_name(name)
    assert keys == () or keys[0] is not None
    assert all(key is None or key.strip() for key in keys[1:])


def test_bytes_that_are_not_utf_8_are_replaced_and_reported() -> None:
    assert decode(b"a=%FF&b=1") == Parameters(
        {"a": "\ufffd", "b": "1"}, ("expected UTF-8, found other bytes in a=%FF",)
    )
    assert decode(b"%FF=1").faults == ("expected UTF-8, found other bytes in %FF=1",)


def test_a_thousand_parameters_are_read_and_more_are_reported() -> None:
    many = b"&".join(b"a%d=1" % number for number in range(MAX_PARAMETERS))
    assert decode(many).faults == ()
    assert len(decode(many + b"&more=1").values) == MAX_PARAMETERS
    assert decode(many + b"&more=1").faults == ("expected at most 1000 parameters, found 1001",)


def test_a_name_deeper_than_php_reads_is_dropped() -> None:
    assert len(split_name("a" + "[b]" * (MAX_DEPTH - 1))) == MAX_DEPTH
    assert decode(b"a" + b"[b]" * MAX_DEPTH + b"=1").values == {}


def test_a_form_overrides_the_query() -> None:
    parameters = read(b"a=1&b=1", f"{FORM}; charset=UTF-8", b"b=2&c[x]=%2B")
    assert parameters == Parameters({"a": "1", "b": "2", "c": {"x": "+"}})


def test_a_json_body_keeps_its_types() -> None:
    body = '{"bot_id": 4512, "forced": true, "variable": {"имя": "Аня"}}'.encode()
    assert read(b"a=1", "application/json", body).values == {
        "a": "1",
        "bot_id": 4512,
        "forced": True,
        "variable": {"имя": "Аня"},
    }


def test_an_empty_json_body_adds_nothing() -> None:
    assert read(b"a=1", "application/json", b"") == Parameters({"a": "1"})


def test_a_body_of_another_type_is_not_read() -> None:
    assert read(b"a=1", "text/plain", b"b=2") == Parameters({"a": "1"})


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"a": NaN}', b"9" * 5000])
def test_a_body_that_is_no_json_is_reported(body: bytes) -> None:
    assert read(b"", "application/json", body).faults == ("expected JSON in the body, found something else",)


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'{"a":' + b"[" * 64 + b"]" * 64 + b"}"])
def test_a_body_that_is_no_flat_json_object_is_reported(body: bytes) -> None:
    assert read(b"", "application/json", body).faults == (
        "expected a JSON object at most 64 deep in the body",
    )
