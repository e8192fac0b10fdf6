"""What people decided is stored in English, and shown in Russian on Russian pages."""

from __future__ import annotations

import pytest

from bridge.web.console.phrases import LONGEST, retold


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("pause", "пауза"),
        ("send again as call 12", "отправлено снова как вызов 12"),
        ("made of repeat 3 of event 7", "создано из повтора 3 события 7"),
        ("something else", None),
        ("x" * (LONGEST + 1), None),
    ],
)
def test_what_was_decided_is_told_in_russian(what: str, words: str | None) -> None:
    assert retold("ru", "action", what) == words
