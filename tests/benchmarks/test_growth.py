"""The benchmark of growth measures what it says, on a small scale."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from benchmarks import growth


def test_it_prints_a_figure_for_each_size(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--only", "recipients", "accounts", "rules", "--most", "10", "--runs", "1"]
    assert growth.main(words) == 0
    out = capsys.readouterr().out
    for head, sizes in (("recipients", 2), ("accounts, one of them down", 3), ("rules of one source", 1)):
        lines = out[out.index(head) :].splitlines()[1 : 1 + sizes]
        assert all(re.fullmatch(r"[\d,]+ +[\d.,]+ +[\d.,]+ - [\d.,]+", line.strip()) for line in lines), lines


def test_without_matplotlib_it_says_so_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SystemExit, match=r"bench"):
        growth.main(["--svg", str(tmp_path)])
