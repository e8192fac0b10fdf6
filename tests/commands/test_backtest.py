"""`leadbridge backtest` as its users run it: edited files beside the rules in use, over stored events."""

from __future__ import annotations

import pytest

from tests.commands.conftest import BOT, Office
from tests.store.given import rows

STRICTER = BOT.replace("gte: 100", "gte: 200").replace("amount: $.amount}", "sum: $.amount}")


@pytest.fixture
def busy(office: Office) -> Office:
    """Three orders: two paid, of 250 and of 150, and one open."""
    office.webhook(id="o-1")
    office.webhook(id="o-2", amount=150)
    office.webhook(id="o-3", status="open")
    office.write("edited/shop.yml", STRICTER)
    return office


def test_lost_and_changed_starts_are_shown_by_rule_with_examples(busy: Office) -> None:
    ran = busy.run("backtest", "edited/shop.yml")
    assert ran.code == 0
    assert ran.lines == [
        "SOURCE  RULE       STARTS  NOW  GAINED  LOST  CHANGED  FAILED  HEALED",
        "shop    paid       2       1    -       1     1        -       -",
        "        all rules  2       1    -       1     1        -       -",
        "",
        "1 start lost, shop: paid",
        "    event 2 (o-2): $.amount is the number 150, wanted a number of at least 200",
        "",
        "1 start changed in variables.amount (1), variables.sum (1), shop: paid",
        '    event 1 (o-1): variables.amount from "250" to absent; variables.sum from absent to "250"',
    ]
    assert ran.err.startswith("3 events, 2 with differences, ")


def test_nothing_is_stored_or_sent(busy: Office) -> None:
    def all_of_it() -> list[list[object]]:
        return [list(rows(busy.store, f"SELECT * FROM {name}")) for name in ("events", "calls", "actions")]

    before = all_of_it()
    busy.run("backtest", "edited/shop.yml")
    assert all_of_it() == before


def test_it_fails_for_the_kinds_of_fail_on(busy: Office) -> None:
    assert busy.run("backtest", "edited", "--fail-on", "lost,failed").code == 1
    assert busy.run("backtest", "edited", "--fail-on", "gained, failed").code == 0
    ran = busy.run("backtest", "edited", "--fail-on", "lossed")
    assert ran.code == 2
    assert '"lossed" is not one of gained, lost, changed, failed, healed' in ran.err


def test_the_same_files_make_no_difference_and_say_how_to_compare_with_the_calls(busy: Office) -> None:
    ran = busy.run("backtest", "mappings")
    assert (ran.code, ran.lines) == (0, ["no difference: 2 starts as before"])
    assert ran.err.endswith(
        "; the files are those of the mapping folder: --against calls compares them with what was called\n"
    )


def test_without_files_the_mapping_folder_is_tried_against_the_calls(busy: Office) -> None:
    assert busy.run("backtest").lines == ["no difference: 2 starts as before"]
    busy.write("mappings/shop.yml", BOT.replace("subscriber_id: $.subscriber", "subscriber_id: $.buyer"))
    lines = busy.run("backtest").lines
    assert lines[1] == "shop    paid       2       -    -       2     -        2       -"
    assert "2 failures failed, shop: paid" not in lines
    at = lines.index("2 rules failed, shop: paid")
    why = "subscriber_id: $.buyer is absent, an id is a positive whole number in digits"
    assert lines[at + 1] == f"    event 1 (o-1): {why}"


def test_a_source_that_is_not_deployed_gains_what_it_starts(busy: Office) -> None:
    busy.write("mappings/shop.yml", BOT.replace("source: shop", "source: other"))
    lines = busy.run("backtest", "edited").lines
    assert lines[1] == "shop    paid       -       1    1       -     -        -       -"
    assert lines[-1] == "    event 1 (o-1): bot 7 for subscriber:12"


def test_events_are_chosen_by_time_number_and_source(busy: Office) -> None:
    assert busy.run("backtest", "edited", "--limit", "1").err.startswith("1 event, 0 with differences")
    assert busy.run("backtest", "edited", "--limit", "2").err.startswith("2 events, 1 with differences")
    assert busy.run("backtest", "edited", "--since", "2099-01-01").lines == ["no event fits"]
    assert busy.run("backtest", "edited", "--source", "shop").err.startswith("3 events")
    ran = busy.run("backtest", "edited", "--source", "shopp")
    assert (ran.code, ran.err) == (
        2,
        'error: no source is called "shopp"; did you mean "shop"?\nhint: there are: shop\n',
    )


def test_events_of_sources_that_are_not_tried_are_left_out(busy: Office) -> None:
    busy.write("edited/bank.yml", BOT.replace("source: shop", "source: bank"))
    assert busy.run("backtest", "edited").err.startswith("3 events")
    assert busy.run("backtest", "edited/bank.yml").err.startswith("0 events")
    assert busy.run("backtest", "edited", "--source", "bank").err.startswith("0 events")


def test_edited_files_with_errors_are_refused(busy: Office) -> None:
    busy.write("edited/shop.yml", BOT.replace("when:", "wenn:"))
    ran = busy.run("backtest", "edited")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "error: the mapping files have 1 error: edited/shop.yml:9:5: "
        'M104 unknown key "wenn"; did you mean "when"?\n'
        "hint: run: leadbridge check edited\n"
    )


def test_all_of_it_as_json(busy: Office) -> None:
    found = busy.run("backtest", "edited", "--json").json
    figures = {"before": 2, "after": 1, "gained": 0, "lost": 1, "changed": 1, "failed": 0, "healed": 0}
    keys = {"variables.amount": 1, "variables.sum": 1}
    assert (found["events"], found["differing"]) == (3, 2)
    fates = dict.fromkeys(("waited", "replaced", "kept", "cancelled", "marked", "late"), 0)
    assert found["total"] == {**figures, "keys": keys, "fates": fates}
    (rule,) = found["rules"]
    assert {name: rule[name] for name in ("source", "rule", *figures)} == {
        "source": "shop",
        "rule": "paid",
        **figures,
    }
    lost, changed = rule["examples"]
    assert (lost["kind"], lost["event"], lost["key"], lost["after"]) == ("lost", 2, "o-2", None)
    assert lost["before"]["bot_id"] == 7
    assert lost["why"] == "$.amount is the number 150, wanted a number of at least 200"
    assert changed["changes"] == [
        {"key": "variables.amount", "before": "250", "after": None},
        {"key": "variables.sum", "before": None, "after": "250"},
    ]


def test_a_failure_in_json_says_what_is_missing(busy: Office) -> None:
    busy.write("edited/shop.yml", BOT.replace("bot_id: 7\n", "bot_id: $.bot\n"))
    (rule,) = busy.run("backtest", "edited", "--json").json["rules"]
    failed = [one for one in rule["examples"] if one["kind"] == "failed"]
    assert failed[0]["after"] == {
        "rule": "paid",
        "key": "bot_id",
        "path": "$.bot",
        "message": "$.bot is absent, an id is a positive whole number in digits",
    }


def test_without_a_database_the_error_says_how_to_get_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///nothing.db")
    ran = office.run("backtest")
    assert ran.code == 1
    assert ran.err.startswith("error: there is no database at ")


LATER = BOT.replace("    start:\n", '    after: 1h\n    key: "order:{$.id}"\n    again: keep\n    start:\n')


def test_what_would_have_waited_is_shown_apart(busy: Office) -> None:
    busy.write("edited/shop.yml", LATER)
    ran = busy.run("backtest", "edited/shop.yml")
    assert "2 starts changed in due (2), key (2), again (2), at_most (2), shop: paid" in ran.lines
    assert ran.lines[-2:] == [
        "with these rules, apart from what is paused or fails:",
        "    shop: paid: 2 would have waited and started of 2 starts",
    ]
    assert busy.run("backtest", "edited", "--json").json["total"]["fates"]["waited"] == 2
