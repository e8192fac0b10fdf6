from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.commands.conftest import VERIFIED, Desk, Office


def test_looking_creates_no_database_and_says_what_to_run(desk: Desk) -> None:
    before = sorted(Path().rglob("*"))
    for words in (("events",), ("calls",), ("explain", "1"), ("replay", "1"), ("resolve", "1", "--done")):
        ran = desk.run(*words)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == (
            f"error: there is no database at {desk.folder / 'var/bridge.db'}\n"
            "hint: run: leadbridge migrate - or point DATABASE_URL at the right one\n"
        )
    assert sorted(Path().rglob("*")) == before


def test_a_database_that_is_not_migrated_says_what_to_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.folder / "empty.db").touch()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{desk.folder}/empty.db")
    ran = desk.run("events")
    assert ran.code == 1
    assert ran.err.endswith("hint: run: leadbridge migrate\n")


def test_a_database_that_cannot_be_reached_is_reported_without_its_password(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://bridge:hunter2@127.0.0.1:1/bridge")
    ran = desk.run("events")
    assert ran.code == 1
    assert ran.err.startswith("error: database error: ")
    assert "hunter2" not in ran.err


def test_an_empty_list_is_no_error(office: Office) -> None:
    ran = office.run("events")
    assert (ran.code, ran.out, ran.err) == (0, "", "no event fits\n")
    assert office.run("events", "--json").json == []


def test_events_are_listed_newest_first_with_the_states_of_their_calls(office: Office) -> None:
    office.webhook(id="a")
    office.settle("done")
    office.webhook(id="b", status="new")
    office.webhook(id="c", subscriber=None)
    ran = office.run("events")
    assert ran.lines[0].split() == ["ID", "RECEIVED", "SOURCE", "TYPE", "SENDER'S", "ID", "RESULT", "CALLS"]
    found = [[line.split()[0], *line.split()[-4:]] for line in ran.lines[1:]]
    assert [row[0] for row in found] == ["3", "2", "1"]
    assert ran.lines[1].endswith("shop    order  c            failed")
    assert ran.lines[2].endswith("shop    order  b            unmatched")
    assert ran.lines[3].endswith("shop    order  a            matched    1 done")


def test_events_as_json_have_stable_keys_numbers_as_ids_and_times_in_utc(office: Office) -> None:
    office.webhook()
    (event,) = office.run("events", "--json").json
    assert list(event) == [
        "id", "source", "key", "type", "received_at", "result", "verified", "client", "error", "calls",
        "repeats",
    ]  # fmt: skip
    assert (event["id"], event["source"], event["key"], event["type"]) == (1, "shop", "o-1", "order")
    assert (event["result"], event["verified"], event["client"]) == ("matched", VERIFIED, "203.0.113.7")
    assert event["received_at"].endswith("Z")
    assert event["calls"] == [{"id": 1, "state": "queued"}]


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (["--source", "shop"], ["c", "b", "a"]),
        (["--source", "other"], []),
        (["--result", "failed"], ["c"]),
        (["--type", "refund"], ["b"]),
        (["--search", "o-b"], ["b"]),
        (["--search", "Олег"], ["a"]),
        (["--since", "1h"], ["c", "b", "a"]),
        (["--until", "1h"], []),
        (["--limit", "1"], ["c"]),
        (["--before", "3", "--limit", "1"], ["b"]),
    ],
)
def test_filters_narrow_the_list(office: Office, words: list[str], keys: list[str]) -> None:
    office.webhook(id="o-a", name="Олег")
    office.webhook(id="o-b", type="refund", status="refunded", name="x")
    office.webhook(id="o-c", subscriber=None, name="x")
    assert [event["key"][2:] for event in office.run("events", "--json", *words).json] == keys


def test_a_list_that_goes_on_says_how_to_see_more(office: Office) -> None:
    for number in range(3):
        office.webhook(id=f"o-{number}")
    assert office.run("events", "--limit", "2").err == "there may be older ones: --before 2\n"


def test_control_characters_of_a_sender_never_reach_the_terminal(office: Office) -> None:
    office.webhook(id="\x1b[2J\u202eevil", type="a\nb")
    ran = office.run("events")
    assert "\\x1b[2J\\u202eevil" in ran.out
    assert "a\\nb" in ran.out
    assert len(ran.lines) == 2
    assert "\x1b" not in office.run("events", "--json").out
    assert "\x1b" not in office.run("explain", "1").out


def test_how_webhooks_were_verified_is_shown_in_the_readers_language(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.webhook(secret="guess")
    office.webhook()
    office.intake.writer.close()
    monkeypatch.setenv("BRIDGE_LANG", "ru")
    monkeypatch.setenv("COLUMNS", "200")
    (refused,) = office.run("events", "--refused").lines[1:]
    assert "не совпадает с секретом" in refused
    assert refused.partition("401")[2].split()[0] == "token"
    assert "токен (заголовок " in office.run("explain", "1").out
    (record,) = office.run("events", "--refused", "--json").json
    assert record["detail"].endswith("is not the secret")


def test_refused_webhooks_are_listed_with_the_reason_that_the_sender_did_not_hear(office: Office) -> None:
    office.webhook(secret="guess")
    office.intake.writer.close()
    ran = office.run("events", "--refused", "--json")
    (refusal,) = ran.json
    assert list(refusal) == [
        "id", "source", "received_at", "status", "code", "detail", "client", "method", "body_size",
    ]  # fmt: skip
    assert (refusal["source"], refusal["status"], refusal["client"]) == ("shop", 401, "203.0.113.7")
    assert office.run("events", "--refused", "--source", "other").err == "no refused webhook fits\n"
    assert office.run("events", "--refused").lines[0].split()[:3] == ["ID", "RECEIVED", "SOURCE"]
    wrong = office.run("events", "--refused", "--result", "failed")
    assert wrong.code == 2
    assert "--refused goes with --source, --limit and --json, not with --result" in wrong.err


def test_a_span_that_is_none_is_a_usage_error(office: Office) -> None:
    ran = office.run("events", "--since", "yesterday")
    assert ran.code == 2
    assert ran.err.startswith('error: --since is "yesterday", expected a time span or a time\n')


def test_looking_writes_nothing_to_the_database(office: Office) -> None:
    if office.store.path is None:
        pytest.skip("about the file of the embedded database")
    office.webhook()
    office.store.checkpoint()
    before = os.stat(office.store.path).st_mtime_ns
    for words in (("events",), ("calls",), ("explain", "1")):
        assert office.run(*words).code == 0
    assert os.stat(office.store.path).st_mtime_ns == before


def test_repeats_are_listed_and_part_of_the_story(office: Office) -> None:
    office.webhook()
    office.webhook()
    listed = office.run("events", "--repeats")
    assert listed.out.splitlines()[1].split() == [
        *["1", "now", "shop", "1", "203.0.113.7", "same", "content"]
    ]
    (repeat,) = office.run("events", "--repeats", "--json").json
    assert list(repeat) == [
        "id", "event", "number", "source", "received_at", "client", "verified", "difference", "rules_version",
        "body_size", "taken_as",
    ]  # fmt: skip
    assert office.run("events", "--json").json[0]["repeats"] == 1
    assert "repeated 1 time; a repeat starts nothing" in office.run("explain", "1").out
    assert office.run("explain", "1", "--json").json["repeated"] == [repeat]
    refused = office.run("events", "--repeats", "--type", "order")
    assert (refused.code, "--repeats goes with --source" in refused.err) == (2, True)
