"""`python -m benchmarks` runs the rows that are asked for, with what each takes."""

from __future__ import annotations

from importlib import import_module

import pytest

rows = import_module("benchmarks.__main__")


def test_a_row_is_run_and_its_verdict_told(capsys: pytest.CaptureFixture[str]) -> None:
    code = rows.main(["--rows", "6", "--runs", "1"])
    out = capsys.readouterr().out
    assert "=== 6: ten to 10,000 rules" in out
    assert "10,000 rules" in out
    verdict = out.splitlines()[-1]
    assert verdict.startswith("6 ")
    assert verdict.endswith("NOT REACHED") == bool(code)


def test_rows_under_load_share_their_runs(capsys: pytest.CaptureFixture[str]) -> None:
    rows.main(["--rows", "1", "2", "8", "--runs", "1", "--seconds", "1", "--peers"])
    out = capsys.readouterr().out
    assert out.count("accepted/s") == 1
    assert "reached      lost, own: 100.00, wanted 100" in out
    assert "reached      arrived, own, %: 100.00, wanted 100" in out
    assert [line.split()[0] for line in out.splitlines()[-3:]] == ["1", "2", "8"]


def test_each_program_is_given_what_it_takes() -> None:
    asked = rows._options(["--runs", "2", "--seconds", "3", "--peers", "Node-RED"])
    given = {row.what: rows._words(row, asked) for row in rows.ROWS}
    assert given["acknowledged and lost"] == ["--runs", "2", "--peers", "Node-RED"]
    assert given["a queue of a million"] == ["--runs", "2"]
    elsewhere = rows._options(["--folder", "/somewhere"])
    told = [rows._words(row, elsewhere)[-2:] == ["--folder", "/somewhere"] for row in rows.ROWS]
    assert told == [row.what != "ten to 10,000 rules" for row in rows.ROWS]
    assert rows._words(rows.ROWS[0], rows._options(["--peers"])) == ["--runs", "5", "--peers"]
