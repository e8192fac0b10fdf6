"""A corpus of broken mapping files: one mistake each, and the one finding that its first line expects."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.mapping.compile.compiler import compile_files
from tests.mapping.given import ENVIRONMENT, HEAD, TESTS

CORPUS = sorted((Path(__file__).parent / "broken").glob("*.yml"))
GOOD = f"{HEAD}rules:\n  - {{name: r, start: {{bot_id: 1, subscriber_id: {{value: 2}}}}}}\n{TESTS}"


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_each_mistake_is_one_finding_where_it_was_made(path: Path) -> None:
    data = path.read_bytes()
    expected = data.decode().splitlines()[0].removeprefix("# ")
    files = {"broken.yml": data}
    if path.stem.startswith("accounts-"):
        files = {"accounts.yml": data, "good.yml": GOOD.encode()}
    result = compile_files(files, ENVIRONMENT)
    assert [str(finding).split(":", 1)[1] for finding in result.findings] == [expected]
    assert not result.valid


def test_the_corpus_is_large_and_every_mistake_in_it_is_another() -> None:
    assert len(CORPUS) >= 60
    codes = {path.read_text().split(" ")[2] for path in CORPUS}
    assert len(codes) >= 25
