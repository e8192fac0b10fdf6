"""What `explain` and `try` tell where a source has more rules than a screen has lines."""

from __future__ import annotations

from tests.commands.conftest import BOT, Desk, Office

TESTS = BOT[BOT.index("tests:") :]


def large(changed: str = "") -> str:
    """The mapping `shop` with 60 rules more."""
    rules = "".join(
        f"  - name: course {number}\n"
        f"    when: {{$.course: c-{number}, $.amount: {{lt: 100}}}}\n"
        f"    start: {{bot_id: {number + 1}, subscriber_id: $.subscriber}}\n"
        for number in range(60)
    )
    return BOT[: BOT.index("tests:")] + rules + changed + TESTS


NOT = "· 60 more rules did not match"


def test_of_many_rules_those_that_fired_are_shown_and_the_others_counted(office: Office) -> None:
    office.write("mappings/shop.yml", large())
    office.webhook()
    lines = office.run("explain", "1").lines
    assert "✓ paid: matched" in lines
    assert lines[lines.index("✓ paid: matched") + 1] == NOT
    assert not any("course" in line for line in lines)


def test_an_almost_matching_rule_is_shown_although_there_are_many(office: Office) -> None:
    office.write("mappings/shop.yml", large())
    office.webhook(course="C-7", amount=5)
    lines = office.run("explain", "1").lines
    assert '≈ course 7: nearly: $.course is "C-7", wanted "c-7": differs by case' in lines
    assert NOT in lines


def test_rules_that_match_but_for_one_condition_are_evaluated_on_the_event_again(office: Office) -> None:
    office.write("mappings/shop.yml", large())
    office.webhook(course="c-7")
    lines = office.run("explain", "1").lines
    assert NOT in lines
    why = "nearly: $.amount is the number 250, wanted a number under 100"
    assert lines[lines.index(NOT) + 1 : lines.index(NOT) + 3] == [
        f"≈ course 7: {why}",
        "    line 38: $.amount: {lt: 100}",
    ]


def test_what_is_asked_again_is_said_to_be_the_rules_of_now(office: Office) -> None:
    office.write("mappings/shop.yml", large())
    office.webhook(course="c-60")
    more = (
        "  - {name: course 60, when: {$.course: c-60, $.amount: 1}, start: {bot_id: 1, subscriber_id: 2}}\n"
    )
    office.write("mappings/shop.yml", large(more))
    lines = office.run("explain", "1").lines
    at = lines.index(NOT)
    assert lines[at + 1] == "  the rules have changed since; of the current rules, these almost match"
    assert lines[at + 2] == "≈ course 60: nearly: $.amount is 250, wanted 1"


def test_without_the_mapping_file_the_count_is_all_that_is_known(office: Office) -> None:
    office.write("mappings/shop.yml", large())
    office.webhook()
    office.write("mappings/shop.yml", "source: [")
    lines = office.run("explain", "1").lines
    at = lines.index(NOT)
    assert lines[at + 1] == "    the reason is not known: their mapping file is missing or has errors"


def test_one_rule_is_shown_with_all_conditions(office: Office) -> None:
    office.write("mappings/shop.yml", large())
    office.webhook(course="c-7")
    assert office.run("explain", "1", "--rule", "course 7").lines == [
        "rule course 7 of mappings/shop.yml:37: nearly matches",
        "    ✓ $.course: c-7",
        "    ✗ $.amount: {lt: 100}",
        "      $.amount is the number 250, wanted a number under 100",
    ]
    office.write("mappings/shop.yml", BOT)
    assert office.run("explain", "1", "--rule", "paid").lines[0] == (
        "rule paid of mappings/shop.yml:8, changed since then: matches"
    )


def test_a_rule_that_is_not_there_is_a_usage_error_with_the_nearest_name(office: Office) -> None:
    office.webhook()
    ran = office.run("explain", "1", "--rule", "payd")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == 'error: no rule of mappings/shop.yml is called "payd"; did you mean "paid"?\n'
    office.webhook(body=b"{")
    ran = office.run("explain", "2", "--rule", "paid")
    assert (ran.code, ran.err) == (
        2,
        "error: event 2 cannot be checked against a rule: no document of it is stored\n",
    )


def test_the_count_is_in_the_json_too(office: Office) -> None:
    office.write("mappings/shop.yml", large())
    office.webhook()
    story = office.run("explain", "1", "--json").json
    assert story["rules_untold"] == 60
    assert [rule["rule"] for rule in story["rules"]] == ["paid"]


def test_trying_a_payload_shows_rules_that_almost_match_and_counts_the_others(desk: Desk) -> None:
    desk.write("mappings/shop.yml", large())
    lines = desk.run("try", "shop", desk.payload(course="c-7")).lines
    assert any(line.startswith("✓ paid: matches") for line in lines)
    assert any(line.startswith("≈ course 7: nearly") for line in lines)
    assert "· 59 more rules did not match" in lines
    assert not any("course 8" in line for line in lines)
