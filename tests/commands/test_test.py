from __future__ import annotations

from tests.commands.conftest import BOT, Desk

FAILING = BOT.replace("bot_id: 7, subscriber_id: 12}]", "bot_id: 8, subscriber_id: 12}]")


def test_the_tests_of_the_shipped_mappings_pass(shipped: Desk) -> None:
    ran = shipped.run("test")
    assert ran.code == 0, ran.out
    assert ran.lines[-1].startswith("mappings/yookassa.yml ....")
    assert " passed, 0 failed in 5 files" in ran.err


def test_a_failing_test_shows_its_line_and_what_differs(desk: Desk) -> None:
    desk.write("mappings/shop.yml", FAILING)
    ran = desk.run("test")
    assert ran.code == 1
    assert ran.lines == [
        "mappings/shop.yml F",
        "",
        "FAILED mappings/shop.yml:17: a paid order starts bot 7",
        "    start 1: bot_id is 7, expected 8",
    ]
    assert ran.err == "0 passed, 1 failed in 1 file\n"


def test_only_the_named_files_are_tested(desk: Desk) -> None:
    desk.write("mappings/broken.yml", FAILING.replace("source: shop", "source: broken"))
    assert desk.run("test", "mappings/shop.yml").code == 0
    assert desk.run("test").code == 1


def test_a_sample_is_read_from_the_folder_of_its_mapping_file(desk: Desk) -> None:
    with_file = BOT.replace(
        "body: {id: o-1, status: paid, amount: 250, subscriber: 12, name: Мария}", "file: samples/order.json"
    )
    desk.write("mappings/shop.yml", with_file)
    missing = desk.run("test")
    assert missing.lines[-1] == "    samples/order.json cannot be read: No such file or directory"
    desk.write("mappings/samples/order.json", '{"status": "paid", "amount": 250, "subscriber": 12}')
    assert desk.run("test").code == 0


def test_results_as_json_carry_the_starts(desk: Desk) -> None:
    (result,) = desk.run("test", "--json").json
    assert result == {
        "file": "mappings/shop.yml",
        "line": 17,
        "name": "a paid order starts bot 7",
        "passed": True,
        "differences": [],
        "starts": [
            {
                "rule": "paid",
                "bot_id": 7,
                "subscriber_id": 12,
                "variables": {"hello": "Привет, Мария", "amount": "250"},
                "forced": False,
                "account": "main",
                "shadow": False,
            }
        ],
        "failed": [],
        "cancelled": [],
    }


def test_a_broken_file_fails_the_run_though_all_tests_pass(desk: Desk) -> None:
    desk.write("mappings/broken.yml", "source: broken\nverify: none\nrulez: []\n")
    ran = desk.run("test")
    assert ran.code == 1
    assert "1 passed, 0 failed in 1 file; 1 error in the files: run leadbridge check" in ran.err


def test_a_run_without_any_test_fails(desk: Desk) -> None:
    desk.write("mappings/shop.yml", BOT[: BOT.index("tests:")])
    ran = desk.run("test")
    assert (ran.code, ran.lines) == (1, ["mappings/shop.yml (no tests)"])
    assert ran.err == "no tests were found\n"
