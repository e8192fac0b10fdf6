"""The benchmark of rules measures what it says, on a small scale."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import rules


def test_it_prints_the_cost_of_one_event_by_the_number_of_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert rules.main(["--rules", "10", "60", "--checked", "3", "--runs", "1"]) in (0, 1)
    out = capsys.readouterr().out
    assert "one event through" in out
    assert "60 rules" in out
    assert "leadbridge check of 3 rules" in out


def test_a_check_that_finds_something_is_no_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "CHECKED", "  - nonsense\n")
    with pytest.raises(Exception, match="returned non-zero exit status 1"):
        rules.checking(1, 1, tmp_path / "shop.yml")
