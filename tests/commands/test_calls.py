from __future__ import annotations

import pytest

from bridge.model import Outcome, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from tests.commands.conftest import Office
from tests.store import given


def test_calls_are_listed_newest_first(office: Office) -> None:
    office.webhook(id="a")
    office.settle("refused", reason="422: no such bot")
    office.webhook(id="b", subscriber=13)
    ran = office.run("calls")
    assert ran.lines[0].split() == [
        "ID", "EVENT", "CREATED", "RULE", "RECIPIENT", "BOT", "STATE", "TRIES", "REASON",
    ]  # fmt: skip
    newest, older = (line.split() for line in ran.lines[1:])
    assert newest[:2] == ["2", "2"]
    assert newest[-5:] == ["paid", "subscriber:13", "7", "queued", "0"]
    assert ran.lines[2].endswith("paid  subscriber:12  7    refused  1      422: no such bot")
    assert older[0] == "1"


def test_calls_as_json_have_stable_keys(office: Office) -> None:
    office.webhook()
    (call,) = office.run("calls", "--json").json
    times = {key: call.pop(key) for key in ("created_at", "next_try_at", "expires_at")}
    assert all(time.endswith("Z") for time in times.values())
    assert call == {
        "id": 1,
        "event": 1,
        "source": "shop",
        "rule": "paid",
        "item": 0,
        "account": "main",
        "recipient": "subscriber:12",
        "bot_id": 7,
        "variables": {"hello": "Привет, Мария", "amount": "250"},
        "forced": False,
        "state": "queued",
        "reason": "",
        "cause": None,
        "attempt": 0,
        "answered": 0,
        "resends": 0,
        "parent": None,
        "due": None,
        "zone": None,
        "late": "send",
        "key": None,
        "again": None,
    }


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["--state", "done"], [1]),
        (["--state", "done", "--state", "queued"], [2, 1]),
        (["--state", "uncertain"], []),
        (["--account", "main"], [2, 1]),
        (["--account", "other"], []),
        (["--recipient", "13"], [2]),
        (["--recipient", "subscriber:12"], [1]),
        (["--event", "2"], [2]),
        (["--rule", "paid"], [2, 1]),
        (["--rule", "other"], []),
        (["--source", "shop"], [2, 1]),
        (["--since", "1h"], [2, 1]),
        (["--search", "Олег"], [2]),
        (["--limit", "1"], [2]),
        (["--before", "2"], [1]),
    ],
)
def test_filters_narrow_the_list(office: Office, words: list[str], ids: list[int]) -> None:
    office.webhook(id="a")
    office.settle("done")
    office.webhook(id="b", subscriber=13, name="Олег")
    assert [call["id"] for call in office.run("calls", "--json", *words).json] == ids


def test_a_call_in_doubt_shows_its_cause(office: Office) -> None:
    office.webhook(id="a")
    shown = given.attempt(Outcome.UNCERTAIN, cause="http_502")
    office.settle("uncertain", shown=shown, reason="answered 502; it may have run")
    office.webhook(id="b", subscriber=13)
    assert (
        office.run("calls", "--state", "uncertain")
        .lines[1]
        .endswith("http_502; answered 502; it may have run")
    )
    assert [call["cause"] for call in office.run("calls", "--json").json] == [None, "http_502"]
    assert [call["id"] for call in office.run("calls", "--cause", "http_502", "--json").json] == [1]
    assert office.run("calls", "--cause", "timeout", "--json").json == []
    (call,) = office.run("explain", "1", "--json").json["calls"]
    assert (call["cause"], call["attempts"][0]["cause"]) == ("http_502", "http_502")


def test_every_state_can_be_asked_for(office: Office) -> None:
    for state in State:
        assert office.run("calls", "--state", state.value).code == 0
    assert office.run("calls", "--state", "sent").code == 2


def test_reasons_are_in_the_language_of_the_command_and_english_as_json(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.webhook()
    refused = Reason(CallCode.UNSENT, fault=Reason(CallCode.CONNECTION_REFUSED))
    office.settle("refused", reason=refused, shown=given.attempt(Outcome.REFUSED, reason=refused))
    monkeypatch.setenv("BRIDGE_LANG", "ru")
    russian = "ничего не отправлено: в соединении отказано"
    assert office.run("calls").lines[1].endswith(russian)
    assert office.run("explain", "1").out.count(russian) == 2
    english = "nothing was sent: connection refused"
    assert office.run("calls", "--json").json[0]["reason"] == english
    (call,) = office.run("explain", "1", "--json").json["calls"]
    assert call["attempts"][0]["reason"] == english
