"""The benchmark of a long queue measures what it says, on a small scale."""

from __future__ import annotations

import pytest

from benchmarks import backlog


def test_it_prints_what_a_longer_queue_costs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "LOOKS", ("calls",))
    assert backlog.main(["--calls", "600", "700", "--databases", "sqlite", "--runs", "1"]) in (0, 1)
    out = capsys.readouterr().out
    assert "700 queued" in out
    assert "settle and claim 20 calls" in out
    assert "leadbridge calls" in out
    assert "twice the short queue's cost" in out
