from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from bridge.dispatch.policy.account_health import Health, to_text
from bridge.dispatch.policy.breaker import Breaker, Gate
from bridge.model import Outcome
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.store.inbox import identities
from bridge.store.inbox.identities import Declared
from bridge.store.queue import accounts
from bridge.store.state import answers, last_good_mappings
from bridge.store.state.answers import Shape
from bridge.text.times import clock
from tests.commands.conftest import BOT, TOKEN, Desk, Office, Ran
from tests.store import given
from tests.support.sandbox import Sandbox


def remarks(ran: Ran) -> dict[str, tuple[str, str]]:
    return {row["subject"]: (row["level"], row["text"]) for row in ran.json}


@pytest.fixture
def reachable(sandbox: Sandbox) -> str:
    """A URL where LeadConverter answers."""
    return sandbox.url


@pytest.fixture
def healthy(office: Office, reachable: str, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("LEADCONVERTER_URL", reachable)
    return office


def test_when_all_is_well_every_line_is_ok(healthy: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_DISK_FLOOR", "0")
    ran = healthy.run("doctor")
    assert ran.code == 0, ran.out
    assert {line[:6] for line in ran.lines} == {"ok    "}
    assert ran.err == ""


def test_the_database_is_asked_how_it_keeps_what_it_commits(healthy: Office) -> None:
    found = remarks(healthy.run("doctor", "--json"))
    wanted = {
        True: "journal_mode wal, synchronous FULL",
        False: "fsync on, full_page_writes on, synchronous_commit on",
    }
    assert found["durability"] == ("ok", wanted[healthy.store.embedded])
    assert found["database"][1].startswith("SQLite 3" if healthy.store.embedded else "PostgreSQL 1")
    assert found["tables"] == ("ok", "as this version needs them")


WITHOUT = "to a request without parameters"


@pytest.mark.parametrize(
    ("kind", "level", "words"),
    [
        (None, "ok", f"answered 422 {WITHOUT}"),
        ("401", "fail", f"answered 401 {WITHOUT}: the token is not accepted"),
        ("404", "warn", f"answered 404 {WITHOUT}: the token or the url may be wrong"),
        ("502", "fail", f"answered 502 {WITHOUT}"),
        ("html", "fail", f"answered 200 {WITHOUT}"),
        ("reset", "fail", "cannot be reached: the connection was reset"),
    ],
)
def test_an_account_is_tried_without_starting_a_bot(
    office: Office,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    kind: str | None,
    level: str,
    words: str,
) -> None:
    if kind:
        sandbox.fault(kind)
    monkeypatch.setenv("LEADCONVERTER_URL", sandbox.url)
    found = remarks(office.run("doctor", "--json"))["account main"]
    assert found == (level, f"{sandbox.url} {words}; no bot was started")
    assert sandbox.calls() == []


def test_an_account_whose_owner_forbids_it_is_only_connected_to(office: Office, sandbox: Sandbox) -> None:
    account = f'{{token: "${{LEADCONVERTER_TOKEN}}", url: {sandbox.url}, probe: connect}}'
    office.write("mappings/accounts.yml", f"accounts:\n  main: {account}\n")
    found = remarks(office.run("doctor", "--json"))["account main"]
    assert found == ("ok", f"{sandbox.url} can be reached; no bot was started")
    assert sandbox.probes() == []


def test_an_account_out_of_reach_fails_without_showing_its_token(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADCONVERTER_URL", "http://127.0.0.1:1")
    ran = office.run("doctor", "--json")
    assert ran.code == 1
    level, text = remarks(ran)["account main"]
    assert level == "fail"
    assert text.startswith("http://127.0.0.1:1 cannot be reached: ")
    assert TOKEN not in ran.out + ran.err


def test_findings_of_the_mappings_are_shown(healthy: Office) -> None:
    healthy.write("mappings/shop.yml", BOT.replace("rules:", "rulez:"))
    ran = healthy.run("doctor")
    assert ran.code == 1
    assert any(line.startswith("FAIL  mappings: mappings/shop.yml:7:1: M104 ") for line in ran.lines)


def test_the_set_that_is_used_in_place_of_broken_files_is_named(healthy: Office) -> None:
    healthy.write("mappings/shop.yml", "source: [")
    told = [line for line in healthy.run("doctor").lines if " mappings: " in line]
    assert told[-1] == "warn  mappings: there is no last good set to use instead"
    last_good_mappings.keep(healthy.store, {"mappings/shop.yml": BOT.encode()})
    told = [line for line in healthy.run("doctor").lines if " mappings: " in line]
    stale = (
        "the mapping files have errors or are missing: the last good set stays in use; run: leadbridge check"
    )
    assert told[0] == f"FAIL  mappings: {stale}"
    assert told[-1].startswith("warn  mappings: the last good set: 1 file of 20")
    shutil.rmtree(healthy.folder / "mappings")
    told = [line for line in healthy.run("doctor").lines if " mappings: " in line]
    assert told[0] == f"FAIL  mappings: {stale}"
    assert told[1].startswith("FAIL  mappings: mapping folder mappings is not there")
    assert told[2].startswith("warn  mappings: the last good set: 1 file of 20")


def test_a_secret_that_is_not_set_fails(healthy: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_SECRET")
    ran = healthy.run("doctor")
    assert ran.code == 1
    assert "SHOP_SECRET" in ran.out


def test_a_token_that_is_not_set_fails(healthy: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEADCONVERTER_TOKEN")
    ran = healthy.run("doctor")
    assert ran.code == 1
    assert "LEADCONVERTER_TOKEN" in ran.out


def test_calls_in_doubt_and_paused_accounts_are_warned_of(healthy: Office) -> None:
    healthy.webhook()
    healthy.settle("uncertain", shown=given.attempt(Outcome.UNCERTAIN, cause="http_502"))
    healthy.run("pause", "account", "main", "--why", "rebuilding")
    ran = healthy.run("doctor")
    (doubt,) = [line for line in ran.lines if "may not have run" in line]
    assert doubt.startswith("warn  queue: 1 call of account main may or may not have run; HTTP 502, since 20")
    assert doubt.endswith("; run: leadbridge calls --state uncertain --account main --cause http_502")
    (paused,) = [line for line in ran.lines if "is paused" in line]
    assert paused.startswith("warn  queue: account main is paused: its calls wait; paused by ")
    assert paused.endswith(" ago: rebuilding; run: leadbridge resume account main")
    assert ran.code == 0


def test_the_sandbox_is_reported_as_a_sandbox(
    healthy: Office, reachable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_SANDBOX", reachable)
    level, text = remarks(healthy.run("doctor", "--json"))["mode"]
    assert (level, text) == ("warn", f"sandbox: every call goes to {reachable}, nobody is messaged")


def test_little_room_on_the_disk_is_reported(
    reachable: str, desk: Desk, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("LEADCONVERTER_URL", reachable)
    monkeypatch.setenv("BRIDGE_DISK_FLOOR", "1000000")
    ran = desk.run("doctor", "--json")
    assert ran.code == 1
    assert remarks(ran)["disk"][0] == "fail"


def test_without_a_database_the_rest_is_looked_at_and_none_is_created(
    desk: Desk, reachable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADCONVERTER_URL", reachable)
    ran = desk.run("doctor", "--json")
    assert ran.code == 0
    found = remarks(ran)
    assert found["database"][0] == "warn"
    assert found["database"][1].endswith("run: leadbridge migrate - or point DATABASE_URL at the right one")
    assert found["mappings"] == ("ok", "1 source in mappings")
    assert not (desk.folder / "var").exists()


def test_a_database_that_is_gone_from_its_folder_fails(
    desk: Desk, reachable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADCONVERTER_URL", reachable)
    (desk.folder / "var").mkdir()
    ran = desk.run("doctor", "--json")
    assert (ran.code, remarks(ran)["database"][0]) == (1, "fail")


@pytest.mark.parametrize("value", [None, " "])
def test_what_variables_close_fails_with_the_cure(
    desk: Desk, reachable: str, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.setenv("LEADCONVERTER_URL", reachable)
    monkeypatch.delenv("LEADCONVERTER_TOKEN")
    if value is not None:
        monkeypatch.setenv("LEADCONVERTER_TOKEN", value)
    desk.write(
        "mappings/other.yml",
        "source: other\nprofile: json\nsecret: ${OTHER}\nverify: {token: {path: true}}\n",
    )
    ran = desk.run("doctor")
    assert ran.code == 1
    cure = "set it in the environment or in .env"
    assert [one for one in ran.lines if one.startswith("FAIL")] == [
        f"FAIL  variables: source other is closed, its webhooks are answered 503: OTHER is not set; {cure}",
        f"FAIL  variables: account main has no token, its calls wait: LEADCONVERTER_TOKEN is not set; {cure}",
    ]


def test_each_invalid_setting_has_its_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "80a")
    monkeypatch.setenv("BRIDGE_LOG", "xml")
    ran = desk.run("doctor")
    assert ran.code == 1
    assert ran.lines == [
        'FAIL  settings: PORT is "80a", expected a whole number from 1 to 65535',
        'FAIL  settings: BRIDGE_LOG is "xml", expected text or json',
    ]


def test_an_open_breaker_is_warned_of_with_what_its_last_probe_found(healthy: Office) -> None:
    resting = Breaker(
        Gate.OPEN, until=given.NOW, wait=60_000, since=given.NOW, probe=Reason(CallCode.ANSWERED, status=502)
    )
    with healthy.store.transaction() as connection:
        state = accounts.lock(connection, "main")
        accounts.save(connection, [replace(state, health=to_text(Health(breaker=resting)))])
    since = clock(given.NOW)
    told = (
        "calls of account main wait until LeadConverter is available; "
        f"since {since} UTC; last probe: answered 502; they are sent automatically once a probe succeeds; "
    )
    assert any(line.startswith(f"warn  queue: {told}") for line in healthy.run("doctor").lines)


def test_an_ambiguous_id_and_an_edited_event_are_named(healthy: Office) -> None:
    healthy.webhook()
    healthy.webhook(subscriber=13)
    level, text = remarks(healthy.run("doctor", "--json"))["source shop"]
    assert (
        level,
        text.startswith("the id of shop is the same for different events; 1 webhook with a known id"),
    ) == (
        "warn",
        True,
    )
    assert text.endswith("; run: leadbridge events --repeats --source shop")
    window = 86_400
    for declared in ("{id: $.id}", "{id: $.other}"):
        identities.record(healthy.store, {"crm": Declared(declared, window)})
    level, text = remarks(healthy.run("doctor", "--json"))["source crm"]
    assert (
        level,
        text.startswith("its event.id has changed; ids from before the change are recognised"),
    ) == (
        "ok",
        True,
    )


def test_an_answer_of_a_new_shape_is_asked_about(healthy: Office, reachable: str) -> None:
    healthy.webhook()
    healthy.settle("done", shown=given.attempt(answer='{"message": "started"}'))
    with healthy.store.transaction() as connection:
        answers.add(connection, 5, Shape("main", reachable, "200 application/json {message: string}"), 1)
    asked = (
        "account main gave an answer of a new shape, which counts as done; "
        "status, type and keys: 200 application/json {message: string}; "
        'the answer: {"message": "started"}; if it is not success, write into accounts.yml what success '
        "looks like, at account main, for example: success: {$.started: 1}; if it is success, confirm it: "
        "such answers are not asked about again; run: leadbridge resolve --answer 1 --done"
    )
    assert f"warn  account main: {asked}" in healthy.run("doctor").lines
    assert f"    confirm {asked}" in healthy.run("explain", "1").lines
    assert healthy.run("resolve", "--answer", "1", "--done").code == 0
    assert asked not in healthy.run("doctor").out + healthy.run("explain", "1").out


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("OTHER", "FILL_IN", "it is FILL_IN, a placeholder"),
        ("OTHER_FILE", "nowhere", "OTHER_FILE names no readable file with a value"),
    ],
)
def test_what_is_wrong_with_a_value_is_said_where_its_source_is_closed(
    desk: Desk, reachable: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv("LEADCONVERTER_URL", reachable)
    monkeypatch.setenv(name, value)
    desk.write(
        "mappings/other.yml",
        "source: other\nprofile: json\nsecret: ${OTHER}\nverify: {token: {path: true}}\n",
    )
    line = next(one for one in desk.run("doctor").lines if one.startswith("FAIL  variables"))
    assert line.endswith(f"OTHER is not set; OTHER: {why}; set it in the environment or in .env")
