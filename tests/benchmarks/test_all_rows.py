"""`python -m benchmarks` runs the programs of the rows that are asked for, with the options of each."""

from __future__ import annotations

from importlib import import_module

import pytest

rows = import_module("benchmarks.__main__")


def test_a_row_is_run_and_its_verdict_printed(capsys: pytest.CaptureFixture[str]) -> None:
    code = rows.main(["--rows", "11", "--runs", "1", "--peers"])
    out = capsys.readouterr().out
    assert "=== 11: ten to 10,000 rules" in out
    assert "10,000 rules" in out
    assert "11: 1.2 s over our start" in out
    verdicts = out.splitlines()[-2:]
    assert [line.split()[0] for line in verdicts] == ["11", "11"]
    assert any(line.endswith("NOT REACHED") for line in verdicts) == bool(code)


def test_each_program_gets_the_options_that_it_takes() -> None:
    asked = rows._options(["--runs", "2", "--seconds", "3", "--peers", "Node-RED", "--before", "e633cfa"])
    given = {row.what: rows._words(row, asked) for row in rows.ROWS}
    before = ["--before", "e633cfa"]
    assert given["acknowledged and lost"] == ["--runs", "2", *before, "--peers", "Node-RED"]
    assert given["one recipient and twelve"] == ["--runs", "2", *before]
    assert given["a queue of a million"] == ["--runs", "2"]
    assert given["accepted by what only accepts"][-2:] == ["--seconds", "3.0"]
    elsewhere = rows._options(["--folder", "/somewhere"])
    takes_folder = ["/somewhere" in rows._words(row, elsewhere) for row in rows.ROWS]
    assert takes_folder == [row.what != "ten to 10,000 rules" for row in rows.ROWS]
    assert rows._words(rows.ROWS[2], rows._options(["--peers"])) == ["--runs", "5", "--peers"]


def test_every_row_of_the_page_has_a_program() -> None:
    assert {number for row in rows.ROWS for number in row.numbers} == set(range(1, 14))
