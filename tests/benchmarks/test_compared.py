"""Benchmarks that compare versions and peers measure what they say, on a small scale and without peers."""

from __future__ import annotations

import hmac
import json
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks import accept, holds, hostile, recipients, sustained
from benchmarks.common import shop
from benchmarks.common.contenders import ROOT
from benchmarks.common.install import tree_of


def test_sustained_counts_every_call_on_both_databases(capsys: pytest.CaptureFixture[str]) -> None:
    assert sustained.main(["--runs", "1", "--seconds", "1", "--peers"]) in (0, 1)
    out = capsys.readouterr().out
    assert "reached      2: webhooks whose calls arrived, %: 100.00, wanted 100" in out
    assert "\nleadbridge " in out
    assert "\non PostgreSQL " in out


def test_accept_sends_nothing_and_says_what_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    assert accept.main(["--runs", "1", "--seconds", "1", "--peers"]) == 0
    out = capsys.readouterr().out
    assert "nothing is sent" in out
    assert "\ntwo web processes " in out


def test_holds_prints_the_longest_gap_by_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert holds.main(["--runs", "1", "--seconds", "1"]) in (0, 1)
    assert "12: 100 ms over 1 MiB" in capsys.readouterr().out


def test_hostile_attacks_in_each_scene(capsys: pytest.CaptureFixture[str]) -> None:
    assert hostile.main(["--runs", "1", "--seconds", "0.5"]) in (0, 1)
    out = capsys.readouterr().out
    assert all(f"beside {name}. " in out for name in hostile.SCENES)
    assert "13: none failed, pipelining" in out


def test_recipients_measures_one_and_twelve(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipients, "CALLS", {1: 50, 12: 120})
    assert recipients.main(["--runs", "1"]) in (0, 1)
    assert "9: calls/s of 12 over 1500" in capsys.readouterr().out


def test_a_folder_is_a_version_with_its_own_python(tmp_path: Path) -> None:
    tree = tree_of(str(tmp_path))
    assert tree.command("serve") == [str(tmp_path / ".venv/bin/python"), "-m", "bridge", "serve"]
    assert tree.environment("sqlite:///x", 1)["PYTHONPATH"] == str(tmp_path)


def test_peers_make_the_call_that_the_mapping_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_SECRET", shop.SECRET)
    monkeypatch.setenv("CALL_URL", "http://127.0.0.1:9")
    work = import_module("benchmarks.peers.work")
    data = shop.body("order-1-0000001", 778899)
    assert work.signed(data, hmac.digest(shop.SECRET.encode(), data, "sha256").hex())
    assert not work.signed(data + b" ", hmac.digest(shop.SECRET.encode(), data, "sha256").hex())
    event = json.loads(data)
    assert work.call_for(event) == {
        "bot_id": "4507",
        "subscriber_id": "778899",
        "variables[order]": "order-1-0000001",
        "variables[amount]": "1990.00",
        "variables[hello]": "Спасибо, Мария! Заказ order-1-0000001",
    }
    event["object"]["amount"]["value"] = "999.00"
    assert work.call_for(event) is None


def test_peers_import_nothing_of_leadbridge() -> None:
    for file in (ROOT / "benchmarks" / "peers").glob("*.py"):
        assert "bridge." not in file.read_text().replace("leadbridge.", "")
