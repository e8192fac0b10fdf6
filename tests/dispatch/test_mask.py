from __future__ import annotations

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.dispatch.mask import mask

TOKEN = "ab/7f+3a&c="


@pytest.mark.parametrize(
    "spelled",
    [
        TOKEN,
        quote(TOKEN, safe=""),
        quote(TOKEN, safe="").lower(),
        quote(quote(TOKEN, safe=""), safe=""),
        TOKEN.replace("/", "\\/"),
        "\\u0061b\\/7f\\u002B3a\\u0026c=",
        html.escape(TOKEN),
        "&#97;&#x62;/7f+3a&amp;c=",
        "".join(f"\\u{ord(letter):04x}" for letter in quote(TOKEN, safe="")),
    ],
)
def test_a_token_is_masked_however_it_is_spelled(spelled: str) -> None:
    assert mask(f"<a {spelled} b>{spelled}", TOKEN) == "<a ••• b>•••"


def test_a_beginning_at_the_end_of_a_cut_text_is_masked() -> None:
    assert mask("/api/v1/ab%2F7f%2", TOKEN) == "/api/v1/•••"
    assert mask("/api/v1/ab%2F7f", TOKEN) == "/api/v1/•••"
    assert mask("/api/v1/ab/", TOKEN) == "/api/v1/ab/"
    assert mask("ab/7 is not at the end", TOKEN) == "ab/7 is not at the end"


def test_a_text_without_the_token_stays() -> None:
    assert mask("answered 200", TOKEN) == "answered 200"
    assert mask("answered 200", "") == "answered 200"


def test_no_text_keeps_a_character_that_databases_refuse() -> None:
    assert mask("a\x00b", "") == "a\ufffdb"


@given(st.text(st.characters(exclude_characters="\x00•"), min_size=1, max_size=20), st.text(), st.text())
def test_no_token_survives(token: str, before: str, after: str) -> None:
    for spelling in (token, json.dumps(token)[1:-1]):
        rest = mask(f"{before}{spelling}{after}", token).replace("•••", "\x00")
        assert token not in rest
