from __future__ import annotations

import pytest

from tests.commands.conftest import BOT, Desk

SLIP = BOT.replace("    start:", "    strat:")


SECRETS = ("AMOCRM_HOOK_TOKEN", "NOCODE_TOKEN", "TILDA_HOOK_TOKEN", "STRIPE_WEBHOOK_SECRET")


def test_the_shipped_mappings_are_checked_in_silence(shipped: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "whsec_x")
    ran = shipped.run("check")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "5 sources read, 0 errors, 0 warnings\n"


def test_secrets_that_are_not_set_are_warnings_and_named(
    shipped: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_x")
    ran = shipped.run("check")
    unset = "AMOCRM_HOOK_TOKEN, NOCODE_TOKEN, TILDA_HOOK_TOKEN"
    closes = f"not set here, so what needs them is closed: {unset}"
    assert ran.err == f"5 sources read, 0 errors, 3 warnings; {closes}\n"
    assert [one.split()[1] for one in ran.lines] == ["W501"] * 3
    assert ran.code == 0


def test_with_strict_a_secret_that_is_not_set_is_a_finding_that_fails(shipped: Desk) -> None:
    ran = shipped.run("check", "--strict", "mappings/nocode.yml")
    assert ran.code == 1
    assert ran.lines == ["mappings/nocode.yml:8:9: W501 environment variable NOCODE_TOKEN is not set"]
    assert ran.err.startswith("1 source read, 0 errors, 1 warning; not set here, ")


def test_an_error_is_printed_with_its_place_and_fails(desk: Desk) -> None:
    desk.write("mappings/shop.yml", SLIP)
    ran = desk.run("check")
    assert ran.code == 1
    assert 'mappings/shop.yml:12:5: M104 unknown key "strat"; did you mean "start"?' in ran.lines
    assert ran.err.startswith("0 sources read, ")


def test_findings_of_all_files_come_in_one_run_and_sorted(desk: Desk) -> None:
    desk.write("mappings/b.yml", "source: b\nverify: none\nrules: 5\n")
    desk.write("mappings/a.yml", "source: a\nverify: none\nrulez: []\n")
    ran = desk.run("check")
    paths = [line.split(":")[0] for line in ran.lines]
    assert paths == sorted(paths)
    assert {"mappings/a.yml", "mappings/b.yml"} <= set(paths)


def test_a_warning_fails_only_with_strict(desk: Desk) -> None:
    desk.write("mappings/shop.yml", BOT[: BOT.index("tests:")])
    warned = desk.run("check")
    assert warned.code == 0
    assert [line.split()[1] for line in warned.lines] == ["W504"]
    assert desk.run("check", "--strict").code == 1


def test_findings_as_json_have_stable_keys(desk: Desk) -> None:
    desk.write("mappings/shop.yml", SLIP)
    (first, *_) = desk.run("check", "--json").json
    assert first == {
        "path": "mappings/shop.yml",
        "line": first["line"],
        "column": first["column"],
        "code": first["code"],
        "level": "error",
        "message": first["message"],
    }
    assert isinstance(first["line"], int)


def test_one_file_is_checked_with_the_accounts_of_the_folder(desk: Desk) -> None:
    desk.write("mappings/accounts.yml", "accounts: {second: {token: '${LEADCONVERTER_TOKEN}'}}\n")
    edited = desk.write("edited.yml", BOT.replace("source: shop", "source: shop\naccount: second"))
    assert desk.run("check", str(edited)).code == 0
    assert desk.run("check", "mappings").code == 1, "shop has no account main now"


def test_a_file_or_folder_that_is_not_there_is_a_usage_error(desk: Desk) -> None:
    ran = desk.run("check", "mappings/nothing.yml")
    assert ran.code == 2
    assert "mappings/nothing.yml" in ran.err


def test_without_a_mapping_folder_the_setting_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_MAPPINGS", "elsewhere")
    ran = desk.run("check")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "error: mapping folder elsewhere is not there\n"
        "hint: create it, or point BRIDGE_MAPPINGS at the right one\n"
    )


def test_an_empty_folder_is_no_success(desk: Desk) -> None:
    (desk.folder / "mappings/shop.yml").unlink()
    ran = desk.run("check")
    assert ran.code == 1
    assert ran.err.startswith("error: there are no mapping files in mappings\n")


def test_findings_and_their_summary_are_in_the_language_of_the_user(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_LANG", "ru")
    monkeypatch.delenv("SHOP_SECRET")
    desk.write("mappings/shop.yml", BOT + "  - {name: nothing, body: {}, expect: [{rule: piad}]}\n")
    ran = desk.run("check")
    assert ran.lines == [
        "mappings/shop.yml:4:9: W501 переменная окружения SHOP_SECRET не задана",
        "mappings/shop.yml:20:47: M304 правила «piad» нет; возможно, «paid»?",
    ]
    closed = "здесь не заданы, и то, чему они нужны, закрыто: SHOP_SECRET"
    assert ran.err == f"прочитано: 0 источников; 1 ошибка, 1 предупреждение; {closed}\n"
    assert desk.run("check", "--json").json[1]["message"] == (
        'no rule is called "piad"; did you mean "paid"?'
    )
    assert desk.run("test").err.startswith("mappings/shop.yml:20:47: M304 правила «piad» нет")
