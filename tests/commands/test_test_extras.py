from __future__ import annotations

import pytest
from defusedxml import ElementTree

from tests.commands.conftest import BOT, Desk

HEAD = """source: shop
verify: none
event: {id: $.id}
rules:
  - name: paid
    when:
      $.status: paid
      any:
        - $.amount: {gte: 100}
        - $.vip: true
    start: {bot_id: 7, subscriber_id: $.subscriber, variables: {amount: $.amount, name: $.name}}
  - name: lost
    when: {$.status: lost}
    start: {bot_id: 8, subscriber_id: $.subscriber}
tests:
"""
BODY = "{id: 1, status: paid, amount: 250, subscriber: 12, name: Мария}"


def update(desk: Desk, test: str) -> tuple[int, str, str]:
    """The test, written in a mapping file, after --update: exit code, the test now, and what was said."""
    path = desk.write("mappings/shop.yml", HEAD + test)
    ran = desk.run("test", "--update")
    now = path.read_text()
    assert now.startswith(HEAD)
    return ran.code, now.removeprefix(HEAD), ran.err


def test_rules_and_conditions_that_no_test_exercises_are_listed_with_their_lines(desk: Desk) -> None:
    desk.write("mappings/shop.yml", HEAD + f"  - name: a\n    body: {BODY}\n    expect: {{bot_id: 7}}\n")
    ran = desk.run("test", "--coverage")
    assert ran.code == 0
    assert ran.lines[1:] == [
        "mappings/shop.yml: the tests exercise 1 of 2 rules, 0 of 4 conditions",
        "    mappings/shop.yml:7: paid: `$.status: paid` always holds",
        "    mappings/shop.yml:9: paid: `$.amount: {gte: 100}` always holds",
        "    mappings/shop.yml:10: paid: `$.vip: true` never holds",
        "    mappings/shop.yml:12: lost: never matches",
        "    mappings/shop.yml:13: lost: `$.status: lost` never holds",
    ]


def test_conditions_on_items_are_exercised_by_items_that_differ(desk: Desk) -> None:
    text = """source: shop
verify: none
event: {id: $.id}
rules:
  - name: each
    for_each: $.items
    when: {$item.paid: true, $item.kind: a}
    start: {bot_id: 7, subscriber_id: $item.who}
tests:
  - name: two
    body: {id: 1, items: [{paid: true, kind: a, who: 5}, {paid: false, kind: a, who: 6}]}
    expect: {bot_id: 7}
"""
    desk.write("mappings/shop.yml", text)
    ran = desk.run("test", "--coverage")
    assert ran.lines[1:] == [
        "mappings/shop.yml: the tests exercise 1 of 1 rule, 1 of 2 conditions",
        "    mappings/shop.yml:7: each: `$item.kind: a` always holds",
    ]


def test_json_has_coverage_next_to_the_tests(desk: Desk) -> None:
    found = desk.run("test", "--coverage", "--json").json
    assert [one["name"] for one in found["tests"]] == ["a paid order starts bot 7"]
    assert found["gaps"][0] == {
        "file": "mappings/shop.yml",
        "line": 10,
        "rule": "paid",
        "condition": "$.status: paid",
        "lack": "always holds",
    }


def test_a_build_server_gets_suites_cases_and_failures(desk: Desk) -> None:
    desk.write("mappings/shop.yml", BOT.replace("bot_id: 7, sub", "bot_id: 8, sub"))
    desk.write("mappings/broken.yml", "source: broken\nverify: none\nrulez: []\n")
    assert desk.run("test", "--junit", "build/junit.xml").code == 1
    root = ElementTree.fromstring((desk.folder / "build/junit.xml").read_bytes())
    assert root.attrib == {"name": "leadbridge test", "tests": "2", "failures": "1", "errors": "1"}
    shop, broken = root
    assert shop.attrib == {"name": "mappings/shop.yml", "tests": "1", "failures": "1", "errors": "0"}
    (case,) = shop
    assert (case.get("name"), case.get("line")) == ("a paid order starts bot 7", "17")
    assert case[0].text == "start 1: bot_id is 7, expected 8"
    assert broken[0][0].get("type") == "M104"


def test_a_report_that_cannot_be_written_is_refused(desk: Desk) -> None:
    desk.write("taken", "")
    ran = desk.run("test", "--junit", "taken/junit.xml")
    assert (ran.code, ran.err) == (2, "error: taken/junit.xml cannot be written: File exists\n")


def test_what_differs_is_shown_before_it_is_written(desk: Desk) -> None:
    desk.write("mappings/shop.yml", BOT.replace("bot_id: 7, sub", "bot_id: 8, sub"))
    ran = desk.run("test", "--update")
    assert ran.lines[-1] == "    start 1: bot_id is 7, expected 8"
    assert (
        ran.err == "updated: mappings/shop.yml:17: a paid order starts bot 7\n1 passed, 0 failed in 1 file\n"
    )
    assert (desk.folder / "mappings/shop.yml").read_text() == BOT
    assert ran.code == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[{rule: paid, bot_id: 9}]   # one", "[{rule: paid, bot_id: 7}]   # one"),
        ("{bot_id: 9}", "{bot_id: 7}"),
        ("[]", '[{rule: paid, bot_id: 7, subscriber_id: 12, variables: {amount: "250", name: Мария}}]'),
        (
            "{bot_id: 7, variables: {amount: '1', name: \"x\"}}",
            "{bot_id: 7, variables: {amount: '250', name: \"Мария\"}}",
        ),
        (
            "{bot_id: 7, variables: {amount: '1'}}",
            '[{bot_id: 7, variables: {amount: "250", name: Мария}}]',
        ),
        ("{bot_id: 7, user_id: x}", "[{bot_id: 7, subscriber_id: 12}]"),
        (
            "[{failed: [paid]}, {bot_id: 7}]",
            "[{bot_id: 7}]",
        ),
        (
            "\n      # a\n      - rule: paid  # b\n        bot_id: 9   # c\n        forced: false  # d",
            "\n      # a\n      - rule: paid  # b\n        bot_id: 7   # c\n        forced: false  # d",
        ),
        (
            "\n      - rule: paid\n      - rule: lost\n\n    # kept",
            "\n      - {rule: paid}\n\n    # kept",
        ),
    ],
)
def test_only_the_expectation_of_the_failed_test_changes(desk: Desk, before: str, after: str) -> None:
    around = "  - name: first  # 😀\n    body: {id: 1}\n    expect: [ ]\n"
    test = f"{around}  - name: second\n    expect:%s\n    body: {BODY}   # the order\n# end\n"
    before, after = (text if text.startswith("\n") else f" {text}" for text in (before, after))
    code, now, _ = update(desk, test.replace("%s", before))
    assert now == test.replace("%s", after)
    assert code == 0


def test_a_test_in_brackets_stays_in_brackets(desk: Desk) -> None:
    _, now, _ = update(desk, f"  [{{name: a, expect: [], body: {BODY}}}]\n")
    assert now.startswith("  [{name: a, expect: [{rule: paid, bot_id: 7,")
    assert "\n" not in now.rstrip("\n")


def test_many_starts_are_written_a_line_each(desk: Desk) -> None:
    long = "М" * 60
    name = BODY.replace("Мария", long)
    _, now, _ = update(desk, f"  - name: a\n    body: {name}\n    expect: []\n")
    assert now.splitlines()[2:] == [
        "    expect:",
        f'      - {{rule: paid, bot_id: 7, subscriber_id: 12, variables: {{amount: "250", name: {long}}}}}',
    ]


def test_a_rule_that_fails_is_written_as_failed(desk: Desk) -> None:
    code, now, _ = update(desk, "  - name: a\n    body: {id: 1, status: lost}\n    expect: []\n")
    assert (code, now) == (
        0,
        "  - name: a\n    body: {id: 1, status: lost}\n    expect: [{failed: [lost]}]\n",
    )


def test_windows_line_ends_and_permissions_stay(desk: Desk) -> None:
    path = desk.write("mappings/shop.yml", "")
    path.write_bytes(
        (HEAD + f"  - name: a\n    body: {BODY}\n    expect: {{bot_id: 9}}\n").replace("\n", "\r\n").encode()
    )
    path.chmod(0o640)
    assert desk.run("test", "--update").code == 0
    assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n") == 18
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_to_a_mapping_file_stays_a_link(desk: Desk) -> None:
    real = desk.write("real.yml", HEAD + f"  - name: a\n    body: {BODY}\n    expect: {{bot_id: 9}}\n")
    (desk.folder / "mappings/shop.yml").unlink()
    (desk.folder / "mappings/shop.yml").symlink_to(real)
    assert desk.run("test", "--update").code == 0
    assert (desk.folder / "mappings/shop.yml").is_symlink()
    assert "expect: {bot_id: 7}" in real.read_text()


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        (
            f"  - name: a\n    body: {BODY}\n    expect:\n      - rule: lost  # why\n      - rule: paid\n",
            "`expect:` contains comments, which would be lost",
        ),
        (
            "  - name: a\n    file: none.json\n    expect: []\n",
            "the sample cannot be read, so there is nothing to expect",
        ),
        (
            f"  - name: a\n    body: {BODY}\n    failed: [lost]\n",
            "`failed:` is next to `expect:` and would have to change, too",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_with_its_reason(desk: Desk, test: str, reason: str) -> None:
    code, now, said = update(desk, test)
    assert now == test
    assert f"not updated: mappings/shop.yml:16: a: {reason}\n" in said
    assert code == 1


def test_an_expectation_that_others_refer_to_is_left_to_its_author(desk: Desk) -> None:
    test = (
        f"  - name: a\n    body: {BODY}\n    expect: &one [{{bot_id: 9}}]\n"
        f"  - name: b\n    body: {BODY}\n    expect: &two []\n"
        "  - name: c\n    body: {id: 1}\n    expect: *two\n"
    )
    code, now, said = update(desk, test)
    assert now == test.replace("&one [{bot_id: 9}]", "&one [{bot_id: 7}]")
    assert "b: what would be written does not read back as the same; change it by hand" in said
    assert code == 1


def test_gaps_and_the_summary_are_in_the_language_of_the_user(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("mappings/shop.yml", HEAD + f"  - name: a\n    body: {BODY}\n    expect: {{bot_id: 7}}\n")
    monkeypatch.setenv("BRIDGE_LANG", "ru")
    ran = desk.run("test", "--coverage")
    assert ran.lines[1:3] == [
        "mappings/shop.yml: тесты проверяют 1 из 2 правил, 0 из 4 условий",
        "    mappings/shop.yml:7: paid: `$.status: paid` всегда выполняется",
    ]
    assert ran.err == "прошли: 1, не прошли: 0 (1 файл)\n"
    desk.write("mappings/shop.yml", HEAD + f"  - name: a\n    body: {BODY}\n    expect: {{bot_id: 8}}\n")
    ran = desk.run("test", "--update")
    assert ran.lines[2] == "НЕ ПРОШЁЛ mappings/shop.yml:16: a"
    assert ran.err == "обновлено: mappings/shop.yml:16: a\nпрошли: 1, не прошли: 0 (1 файл)\n"
