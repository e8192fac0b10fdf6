from __future__ import annotations

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.dispatch.http.token_redaction import mask, masked
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason, recorded

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


def test_a_token_in_a_value_of_a_reason_is_masked() -> None:
    def said(text: str) -> Reason:
        added = Reason(CallCode.ADDED, text=f"no bot at {text}")
        not_found = Reason(CallCode.NOT_FOUND)
        return Reason(CallCode.ANSWERED_MEANING, status=404, meaning=not_found, message=added)

    assert masked(said(quote(TOKEN)), TOKEN) == said("•••")
    assert masked(recorded((f"a {TOKEN}", "b")), TOKEN) == recorded(("a •••", "b"))  # type: ignore[arg-type]


@given(st.text(st.characters(exclude_characters="\x00•"), min_size=1, max_size=20), st.text(), st.text())
@example("a\udcff", "", "")
def test_no_token_survives(token: str, before: str, after: str) -> None:
    for spelling in (token, json.dumps(token)[1:-1]):
        rest = mask(f"{before}{spelling}{after}", token).replace("•••", "\x00")
        assert token not in rest
