from __future__ import annotations

import pytest

from bridge.webhook.profiles import load_profiles
from tests.commands.conftest import Desk
from tests.support.filling import filled


def test_every_profile_is_listed_with_what_it_is(desk: Desk) -> None:
    ran = desk.run("profiles")
    assert ran.code == 0
    assert ran.lines[0].split() == ["PROFILE", "SYSTEM", "WHAT", "IT", "SENDS"]
    assert [line.split()[0] for line in ran.lines[1:]] == sorted(load_profiles())


def test_the_list_as_json_has_one_object_per_profile(desk: Desk) -> None:
    rows = desk.run("profiles", "--json").json
    assert [row["name"] for row in rows] == sorted(load_profiles())
    assert all(row["title"] and row["setup"] and row["starter"] for row in rows)


def test_a_profile_is_described_with_a_first_mapping_file(desk: Desk) -> None:
    ran = desk.run("profiles", "show", "yookassa")
    assert ran.code == 0
    for heading in ("At the vendor:", "What is verified:", "Watch out:", "Example mapping file:"):
        assert heading in ran.lines
    starter = ran.out[ran.out.index("source: yookassa") :]
    desk.write("mappings/yookassa.yml", filled(starter))
    assert desk.run("check", "mappings/yookassa.yml").out == ""
    assert desk.run("test", "mappings/yookassa.yml").code == 0


def test_one_profile_as_json_is_one_object(desk: Desk) -> None:
    assert desk.run("profiles", "show", "stripe", "--json").json["name"] == "stripe"


def test_an_unknown_profile_is_refused_with_the_nearest_name(desk: Desk) -> None:
    ran = desk.run("profiles", "show", "yokassa")
    assert ran.code == 2
    assert ran.err.startswith('error: no profile is called "yokassa"; did you mean "yookassa"?\n')


def test_headings_are_in_the_language_of_the_user(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_LANG", "ru")
    assert desk.run("profiles").lines[0].split() == ["ПРОФИЛЬ", "СИСТЕМА", "ЧТО", "ПРИСЫЛАЕТ"]
    assert "Что проверяется:" in desk.run("profiles", "show", "yookassa").lines
