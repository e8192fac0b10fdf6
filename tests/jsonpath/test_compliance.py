"""The official compliance suite of RFC 9535: answered exactly or refused, never wrong."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from bridge.jsonpath.exact_numbers import from_json, to_json
from bridge.jsonpath.path import PathError, Scope, compile_path
from bridge.model import Json

_VENDORED = Path(__file__).parents[1] / "data" / "jsonpath-cts" / "cts.json"
_FILE = os.environ.get("BRIDGE_JSONPATH_CTS") or _VENDORED
"""The copy in the repository, or another one to compare with."""

RIGHT, COSTLY, REFUSED = 451, 5, 246
MEANT = {"$.1": "digits after a dot, which find list items and members called so"}
"""Invalid by the RFC and read all the same: nothing else could be meant."""


@pytest.fixture(scope="module")
def cases() -> list[Json]:
    suite: Json = from_json(Path(_FILE).read_text())
    return list(suite["tests"])


def verdict(case: Json) -> str:
    try:
        path = compile_path(case["selector"])
    except PathError as error:
        return "refused" if case.get("invalid_selector") else f"not read: {error.message}"
    if case.get("invalid_selector"):
        return f"accepted: {case['selector']}"
    found = path.find(Scope(case["document"], {}, {}, {}))
    allowed = case["results"] if "results" in case else [case["result"]]
    return "right" if to_json(found) in map(to_json, allowed) else f"wrong: {case['name']}"


def test_no_valid_path_is_answered_wrongly_and_only_costly_ones_are_refused(cases: list[Json]) -> None:
    valid = Counter(verdict(case) for case in cases if not case.get("invalid_selector"))
    assert valid == {
        "right": RIGHT,
        'not read: ".." inside a filter is not allowed; write the whole path': COSTLY,
    }


def test_no_invalid_path_is_read_but_where_only_one_thing_can_be_meant(cases: list[Json]) -> None:
    invalid = Counter(verdict(case) for case in cases if case.get("invalid_selector"))
    assert invalid == {"refused": REFUSED} | {f"accepted: {text}": 1 for text in MEANT}
