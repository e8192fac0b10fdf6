"""`leadbridge review`: mapping files beside the events that came, on both databases."""

from __future__ import annotations

import pytest

from tests.commands.conftest import BOT, Office

SLIP = BOT.replace("$.name}", "$.nmae}")


def _busy(office: Office, many: int = 6) -> None:
    for number in range(many):
        office.webhook(id=f"o-{number}")


def test_rules_that_find_what_they_look_for_are_reviewed_in_silence(office: Office) -> None:
    _busy(office)
    ran = office.run("review")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "6 events of 1 source, 0 errors, 0 warnings\n"


def test_a_path_that_is_absent_in_the_stored_events_is_a_finding(office: Office) -> None:
    _busy(office)
    office.write("edited/shop.yml", SLIP)
    ran = office.run("review", "edited/shop.yml")
    what = "W601 $.nmae is absent in all 6 of the last 6 events; $.name exists"
    assert ran.lines == [f"edited/shop.yml:15:26: {what}"]
    assert ran.code == 0
    assert office.run("review", "edited/shop.yml", "--strict").code == 1
    (row,) = office.run("review", "edited", "--json").json
    assert (row["code"], row["level"], row["line"]) == ("W601", "warning", 15)


def test_only_so_many_events_are_looked_at(office: Office) -> None:
    office.webhook(id="o-old", nmae="x")
    _busy(office)
    office.write("edited/shop.yml", SLIP)
    assert office.run("review", "edited").lines == []
    ran = office.run("review", "edited", "--last", "5")
    assert "absent in all 5 of the last 5 events" in ran.out
    assert ran.err.startswith("5 events of 1 source, ")


def test_files_with_errors_are_checked_first(office: Office) -> None:
    office.write("edited/shop.yml", BOT.replace("start:", "strat:"))
    ran = office.run("review", "edited")
    assert ran.code == 1
    assert "hint: run: leadbridge check edited" in ran.err


def test_a_review_is_in_the_language_of_the_user(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    _busy(office)
    office.write("edited/shop.yml", SLIP)
    monkeypatch.setenv("BRIDGE_LANG", "ru")
    ran = office.run("review", "edited")
    what = (
        "$.nmae: значения нет ни в одном из подходящих событий (6 из последних 6 событий); зато есть $.name"
    )
    assert ran.lines == [f"edited/shop.yml:15:26: W601 {what}"]
    assert ran.err == "6 событий, 1 источник; 0 ошибок, 1 предупреждение\n"
