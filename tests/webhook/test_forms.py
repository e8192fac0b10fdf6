from __future__ import annotations

import contextlib
from functools import partial
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import DocumentError
from bridge.webhook.decode.forms import build_document, read_pairs
from tests.support.timing import SOON, seconds_of
from tests.webhook.support import outcome


def form(text: str, charset: str = "utf-8") -> object:
    return build_document(read_pairs(text.encode("latin-1"), charset))


def trouble(text: str, charset: str = "utf-8") -> str:
    with pytest.raises(DocumentError) as caught:
        form(text, charset)
    return caught.value.message


def test_brackets_draw_maps_keyed_by_what_was_sent() -> None:
    assert form("leads[status][0][id]=7&leads[status][1][id]=8&account[id]=1") == {
        "leads": {"status": {"0": {"id": "7"}, "1": {"id": "8"}}},
        "account": {"id": "1"},
    }


def test_brackets_may_come_percent_encoded() -> None:
    assert form("leads%5Badd%5D%5b0%5d%5Bname%5D=%D0%90+%2B") == {"leads": {"add": {"0": {"name": "А +"}}}}


def test_a_huge_number_is_a_key_and_no_length() -> None:
    assert form("linked[9982001][ID]=1&x[99999999999999999999999]=2") == {
        "linked": {"9982001": {"ID": "1"}},
        "x": {"99999999999999999999999": "2"},
    }


def test_empty_brackets_count_on_from_the_largest_number() -> None:
    assert form("a[]=x&a[5]=y&a[]=z&a[k]=w") == {"a": {"0": "x", "5": "y", "6": "z", "k": "w"}}
    assert form("a[][b]=1&a[][b]=2") == {"a": {"0": {"b": "1"}, "1": {"b": "2"}}}


@pytest.mark.parametrize(
    "text",
    ["note[type]=3&note[type][uuid]=u", "note[type][uuid]=u&note[type]=3"],
    ids=["value first", "child first"],
)
def test_a_name_that_is_value_and_parent_keeps_both(text: str) -> None:
    assert form(text) == {"note": {"type": "3", "type[]": {"uuid": "u"}}}


def test_a_name_sent_twice_keeps_all_values() -> None:
    assert form("tag=a&x=1&tag=b") == {"tag": ["a", "b"], "x": "1"}


def test_names_keep_dots_blanks_and_cyrillic() -> None:
    text = f"{quote_plus('Комментарий к заказу')}={quote('Позвоните')}&telegram.id=1&a+b[c.d+e]=2"
    assert form(text) == {"Комментарий к заказу": "Позвоните", "telegram.id": "1", "a b": {"c.d e": "2"}}


@pytest.mark.parametrize("name", ["a[b", "a]b", "[a]", "a[b]c", "a[[b]]", "[", "]", "a[b]]"])
def test_a_name_whose_brackets_do_not_pair_is_a_plain_name(name: str) -> None:
    assert form(f"{name}=1") == {name: "1"}


def test_empty_pieces_are_skipped_and_missing_values_are_empty() -> None:
    assert form("&&a&b=&=c&") == {"a": "", "b": "", "": "c"}


def test_what_is_no_percent_sequence_stays_as_it_is() -> None:
    assert form("a=100%&b=%zz&c=%4") == {"a": "100%", "b": "%zz", "c": "%4"}


def test_windows_1251_is_read_where_the_source_says_so() -> None:
    body = quote("Имя".encode("cp1251")) + "=" + quote("Пётр".encode("cp1251"))
    assert form(body, "windows-1251") == {"Имя": "Пётр"}
    assert trouble(body) == "a form field is not utf-8"


def test_nul_is_refused() -> None:
    assert trouble("a=%00") == "a text contains the character NUL"


def test_five_thousand_fields_are_read_and_more_are_not() -> None:
    assert len(read_pairs(b"&".join([b"a=1"] * 5_000))) == 5_000
    assert trouble("&".join(["a=1"] * 5_001)) == "the form has more than 5000 fields"


def test_thirty_two_levels_are_read_and_one_more_is_not() -> None:
    assert form("a" + "[b]" * 31 + "=1")
    assert trouble("a" + "[b]" * 32 + "=1") == "a form field is nested deeper than 32 levels"


_NAMES = st.text("абa.[]% &=+0", min_size=1, max_size=8)


@given(st.lists(st.tuples(_NAMES, st.text(st.characters(codec="utf-8"), max_size=10)), max_size=20))
def test_pairs_are_read_back_as_they_were_encoded(pairs: list[tuple[str, str]]) -> None:
    clean = [(name, value.replace("\0", "")) for name, value in pairs]
    body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in clean)
    assert list(read_pairs(body.encode())) == clean
    build_document(tuple(clean))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_document_or_a_document_error(body: bytes) -> None:
    for charset in ("utf-8", "windows-1251", "utf-16"):
        found = outcome(partial(lambda charset: build_document(read_pairs(body, charset)), charset))
        assert isinstance(found, dict | DocumentError)


@pytest.mark.parametrize(
    "body",
    [
        b"a[" * 500_000,
        b"a" + b"[]" * 500_000 + b"=1",
        b"&" * 1_000_000,
        b"%5B" * 330_000,
        b"a=" + b"%" * 1_000_000,
    ],
)
def test_a_megabyte_of_malice_ends_within_seconds(body: bytes) -> None:
    def read() -> None:
        with contextlib.suppress(DocumentError):
            build_document(read_pairs(body))

    assert seconds_of(read) < SOON
