from __future__ import annotations

from bridge.model import Outcome
from tests.commands.conftest import BOT, TOKEN, VERIFIED, Office
from tests.store import given


def test_a_matched_event_is_shown_from_its_arrival_to_the_answer(office: Office) -> None:
    number = office.webhook()
    office.settle("done")
    ran = office.run("explain", str(number))
    assert ran.code == 0
    lines = ran.lines
    assert lines[0] == "event 1 of shop: matched"
    assert lines[1].startswith("  received  20")
    assert lines[1].endswith("from 203.0.113.7")
    assert lines[2:5] == [f"  verified  {VERIFIED}", "  id        o-1", "  type      order"]
    assert "✓ paid: matched" in lines
    at = lines.index("call 1 by rule paid: done")
    assert lines[at + 1] == "    because"
    assert lines[at + 2].startswith(
        "    POST https://leadconverter.ru/api/v1/•••/bot.startWithVariables?subscriber_id=12&bot_id=7&"
    )
    assert "         variable[hello] = Привет, Мария" in lines
    assert lines[-2] == "    attempt 1: done at 2027-01-15 08:00:00, 120 ms, status 200: LeadConverter ran it"
    assert lines[-1] == '      answer: {"ok":true}'
    assert TOKEN not in ran.out


def test_an_unmatched_event_says_which_condition_failed_on_which_value(office: Office) -> None:
    office.webhook(amount="99.50")
    ran = office.run("explain", "1")
    assert '· paid: $.amount is the text "99.50", wanted a number of at least 100' in ran.lines
    assert "    line 11: $.amount: {gte: 100}" in ran.lines


def test_a_near_miss_is_marked_as_one(office: Office) -> None:
    office.webhook(status="Paid")
    ran = office.run("explain", "1")
    assert '≈ paid: nearly: $.status is "Paid", wanted "paid": differs by case' in ran.lines


def test_a_failed_event_says_what_is_missing_and_where_it_might_be(office: Office) -> None:
    office.webhook(subscriber=None)
    ran = office.run("explain", "1")
    assert "✗ paid: matched, but could not start" in ran.lines
    assert any(line.startswith("    missing subscriber_id: $.subscriber is null") for line in ran.lines)


def test_an_unreadable_webhook_shows_why_and_its_first_bytes(office: Office) -> None:
    office.webhook(body=b'{"id": nonsense\x1b')
    ran = office.run("explain", "1")
    assert ran.lines[0] == "event 1 of shop: unreadable"
    assert any(line.startswith("  because   ") for line in ran.lines)
    assert '  body      {"id": nonsense\\x1b' in ran.lines


def test_attempts_of_an_uncertain_call_and_decisions_of_people_are_shown(office: Office) -> None:
    office.webhook()
    office.settle("uncertain", shown=given.attempt(Outcome.UNCERTAIN, reason="no answer came", status=None))
    assert office.run("resolve", "1", "--cancel", "--why", "seen in the dialogue").code == 0
    ran = office.run("explain", "1")
    assert "call 1 by rule paid: cancelled" in ran.lines
    assert any("uncertain at" in line and line.endswith("no answer came") for line in ran.lines)
    assert ran.lines[-1].startswith("    resolve as cancelled by ")
    assert ran.lines[-1].endswith(": seen in the dialogue")


def test_the_document_is_shown_when_asked_for(office: Office) -> None:
    office.webhook()
    assert '    "subscriber": 12,' in office.run("explain", "1", "--document").lines
    assert '"subscriber": 12' not in office.run("explain", "1").out


def test_the_whole_story_as_json(office: Office) -> None:
    office.webhook()
    office.settle("done")
    story = office.run("explain", "1", "--json").json
    assert story["document"]["name"] == "Мария"
    assert [rule["match"] for rule in story["rules"]] == ["matched"]
    (call,) = story["calls"]
    assert (call["state"], call["bot_id"], call["request"]["method"]) == ("done", 7, "POST")
    assert call["request"]["parameters"]["variable[amount]"] == "250"
    (attempt,) = call["attempts"]
    assert (attempt["outcome"], attempt["status"], attempt["answer"]) == ("done", 200, '{"ok":true}')
    assert TOKEN not in str(story)


def test_a_story_needs_no_mapping_files(office: Office) -> None:
    office.webhook()
    office.write("mappings/shop.yml", BOT.replace("rules:", "rulez:"))
    ran = office.run("explain", "1")
    assert ran.code == 0
    assert "         bot_id = 7" in ran.lines


def test_an_event_that_is_not_there_is_an_error_with_a_way_on(office: Office) -> None:
    ran = office.run("explain", "77")
    assert (ran.code, ran.err) == (1, "error: there is no event 77\nhint: leadbridge events lists them\n")
