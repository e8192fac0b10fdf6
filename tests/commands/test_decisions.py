"""`leadbridge resolve`, `pause` and `resume`: what people decide."""

from __future__ import annotations

import getpass
import re
from dataclasses import replace

import pytest

from bridge.dispatch.policy.account_health import Health, to_text
from bridge.model import Outcome
from bridge.store.queue import accounts
from bridge.store.queue.accounts import all_states
from bridge.store.reports import audit
from bridge.store.state import answers, clock
from bridge.store.state.answers import Shape
from bridge.text.render import english
from tests.commands.conftest import Office
from tests.store import given


@pytest.fixture
def doubt(office: Office) -> Office:
    """One uncertain call, number 1."""
    office.webhook()
    office.settle("uncertain", shown=given.attempt(Outcome.UNCERTAIN))
    return office


@pytest.mark.parametrize(
    ("option", "state", "said"),
    [
        ("--done", "done", "call 1 is settled as done"),
        ("--resend", "queued", "call 1 is queued again"),
        ("--cancel", "cancelled", "call 1 is cancelled"),
    ],
)
def test_an_uncertain_call_is_settled_by_a_persons_word(
    doubt: Office, option: str, state: str, said: str
) -> None:
    ran = doubt.run("resolve", "1", option, "--why", "asked the customer")
    assert (ran.code, ran.out) == (0, f"{said}\n")
    assert doubt.states() == {1: state}
    with doubt.store.read() as connection:
        (action,) = audit.of(connection, "call", 1)
    assert (action.who, action.why) == (getpass.getuser(), "asked the customer")


def test_a_call_that_waits_can_be_cancelled(office: Office) -> None:
    office.webhook()
    assert office.run("resolve", "1", "--cancel").code == 0
    assert office.states() == {1: "cancelled"}


def test_a_call_in_another_state_is_left_as_it_is(office: Office) -> None:
    office.webhook()
    office.settle("done")
    for option in ("--done", "--resend", "--cancel"):
        ran = office.run("resolve", "1", option)
        assert ran.code == 1
        assert ran.err.startswith("error: call 1 is done and cannot be ")
    assert office.states() == {1: "done"}


def test_of_several_calls_all_are_settled_or_none(office: Office) -> None:
    office.webhook(id="a")
    office.webhook(id="b", subscriber=13)
    office.settle("uncertain", shown=given.attempt(Outcome.UNCERTAIN))
    assert office.run("resolve", "1", "2", "77", "--done").code == 1
    assert office.states() == {1: "uncertain", 2: "uncertain"}
    assert office.run("resolve", "1", "2", "--done").code == 0
    assert office.states() == {1: "done", 2: "done"}


def outage(office: Office) -> None:
    """Three calls in doubt for a 502, one for a timeout, and one that waits: numbers 1 to 5."""
    for number, cause in enumerate(["http_502", "http_502", "http_502", "timeout"], start=1):
        office.webhook(id=f"o-{number}", subscriber=number)
        office.settle("uncertain", shown=given.attempt(Outcome.UNCERTAIN, cause=cause))
    office.webhook(id="o-5", subscriber=5)


def test_calls_in_doubt_of_one_cause_are_settled_together_after_a_look_at_them(office: Office) -> None:
    outage(office)
    ran = office.run("resolve", "--cause", "http_502", "--since", "1h", "--resend", "--why", "none ran")
    assert (ran.code, ran.out) == (1, "")
    first, second, *rest = ran.err.splitlines()
    assert re.fullmatch(r"account main: http_502: 3 calls, sent \S+ \S+ to \S+ \S+ UTC", first)
    assert [second, *rest] == [
        "3 calls would be sent again, though they may have run",
        "error: cannot ask for confirmation: stdin is not a terminal",
        "hint: pass --yes to settle them",
    ]
    assert set(office.states().values()) == {"uncertain", "queued"}
    ran = office.run("resolve", "--cause", "http_502", "--resend", "--yes", "--why", "none ran")
    assert (ran.code, ran.lines) == (0, [f"call {number} is queued again" for number in (1, 2, 3)])
    assert office.states() == {1: "queued", 2: "queued", 3: "queued", 4: "uncertain", 5: "queued"}
    with office.store.read() as connection:
        (action,) = audit.of(connection, "call", 2)
    assert (english(action.what), action.why) == ("resend", "none ran")


def test_a_filter_takes_only_calls_in_doubt_even_to_cancel_them(office: Office) -> None:
    outage(office)
    assert office.run("resolve", "--account", "main", "--cancel", "--yes").code == 0
    assert office.states() == {1: "cancelled", 2: "cancelled", 3: "cancelled", 4: "cancelled", 5: "queued"}


@pytest.mark.parametrize(
    ("words", "settled"),
    [
        (["--since", "1h"], [1, 2, 3, 4]),
        (["--until", "1h"], []),
        (["--since", "1h", "--cause", "timeout"], [4]),
        (["--account", "other"], []),
        (["--cause", "http_504"], []),
    ],
)
def test_a_filter_narrows_what_is_settled(office: Office, words: list[str], settled: list[int]) -> None:
    outage(office)
    ran = office.run("resolve", *words, "--done", "--yes")
    assert ran.code == 0
    assert [number for number, state in office.states().items() if state == "done"] == settled
    assert bool(settled) != ("no uncertain call fits" in ran.err)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "expected either the numbers of calls or a filter"),
        (["1", "--cause", "timeout"], "expected either the numbers of calls or a filter"),
        (["--cause", "502"], '--cause is "502"'),
        (["--cause", "timeuot"], '--cause is "timeuot"; did you mean "timeout"?'),
        (["--since", "25:00"], '--since is "25:00", expected a time span or a time'),
    ],
)
def test_a_filter_that_cannot_be_read_settles_nothing(office: Office, words: list[str], message: str) -> None:
    outage(office)
    before = office.states()
    ran = office.run("resolve", *words, "--done", "--yes")
    assert ran.code == 2
    assert ran.err.splitlines()[0] == f"error: {message}"
    assert office.states() == before


def test_what_to_do_must_be_said(doubt: Office) -> None:
    ran = doubt.run("resolve", "1")
    assert ran.code == 2
    assert "expected one of --done, --resend, --cancel and --send-now" in ran.err


def test_an_account_is_paused_and_goes_on(office: Office) -> None:
    paused = office.run("pause", "account", "main", "--why", "bots are rebuilt")
    assert (paused.code, paused.out) == (0, "account main is paused\n")
    assert office.run("pause", "account", "main").out == "account main was paused already\n"
    with office.store.read() as connection:
        assert all_states(connection)["main"].paused_reason == "bots are rebuilt"
    assert office.run("resume", "account", "main").out == "account main is resumed\n"
    assert office.run("resume", "account", "main").out == "account main was not paused\n"


def test_calls_that_a_wrong_token_may_have_refused_go_out_once_more_when_it_goes_on(office: Office) -> None:
    office.webhook()
    office.settle("refused", shown=given.attempt(Outcome.REFUSED, status=404))
    with office.store.transaction() as connection:
        state = replace(accounts.lock(connection, "main"), health=to_text(Health(reissue=(1,))))
        accounts.save(connection, [state])
        accounts.pause(connection, given.NOW, "main", who="the bridge", why="5 answers 404")
    ran = office.run("resume", "account", "main", "--why", "a new token")
    assert ran.out == (
        "account main is resumed\n1 call that a wrong token may have refused: sent once more\n"
    )
    assert office.states() == {1: "refused", 2: "queued"}


@pytest.mark.parametrize(("kind", "name"), [("source", "shop"), ("rule", "shop/paid")])
def test_a_source_and_a_rule_are_paused_and_go_on(office: Office, kind: str, name: str) -> None:
    office.webhook()
    assert office.run("pause", kind, name, "--why", "wrong text").out == f"{kind} {name} is paused\n"
    assert office.run("pause", kind, name).out == f"{kind} {name} was paused already\n"
    assert given.claim(office.store) == []
    assert "    waits: its source or its rule is paused" in office.run("explain", "1").lines
    assert office.run("resume", kind, name).out == f"{kind} {name} is resumed\n"
    assert office.run("resume", kind, name).out == f"{kind} {name} was not paused\n"


def test_what_is_paused_must_be_there(office: Office) -> None:
    assert office.run("pause", "source", "shup").err == (
        'error: no source is called "shup"; did you mean "shop"?\nhint: there are: shop\n'
    )
    assert office.run("pause", "rule", "paid").err.startswith('error: no rule is called "paid"')


def test_a_person_with_the_name_of_the_bridge_is_not_taken_for_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", audit.BRIDGE)
    words = '{"code": "call.renewed"}'
    office.run("pause", "account", "main", "--why", words)
    with office.store.read() as connection:
        state = all_states(connection)["main"]
        (action,) = audit.of(connection, "account", "main")
    assert (state.paused_by, state.paused_reason) == ('"the bridge"', words)
    assert (action.by, action.why) == ('"the bridge"', words)


@pytest.mark.parametrize("what", [("account", "main"), ("source", "shop")])
def test_a_name_in_another_encoding_is_recorded(
    office: Office, monkeypatch: pytest.MonkeyPatch, what: tuple[str, str]
) -> None:
    monkeypatch.setenv("LOGNAME", "ann\udcff")
    assert office.run("pause", *what).code == 0
    with office.store.read() as connection:
        (action,) = audit.of(connection, *what)  # type: ignore[arg-type]
    assert action.who == "ann\\udcff"


def test_an_account_that_nobody_knows_is_refused_with_the_nearest_name(office: Office) -> None:
    ran = office.run("pause", "account", "mian")
    assert ran.code == 2
    assert ran.err == 'error: no account is called "mian"; did you mean "main"?\nhint: there are: main\n'


def test_an_answer_is_confirmed_as_success_by_a_persons_word(office: Office) -> None:
    office.webhook()
    office.settle("done")
    with office.store.transaction() as connection:
        answers.add(connection, 5, Shape("main", "https://leadconverter.ru", "200 no type empty"), 1)
    said = [office.run("resolve", "--answer", "1", "--done", "--why", "seen it").out for _ in range(2)]
    assert said == [
        "answers such as that to call 1 are success from now on\n",
        "answers such as that to call 1 were confirmed before\n",
    ]
    with office.store.read() as connection:
        actions = audit.of(connection, "call", 1)
    assert [(one.who, english(one.what), one.why) for one in actions] == [
        (getpass.getuser(), "confirm answer as success", "seen it")
    ]
    ran = office.run("resolve", "--answer", "2", "--done")
    assert (ran.code, ran.lines) == (1, [])
    assert "error: the answer to call 2 is not the first of its shape" in ran.err
    assert "leadbridge doctor" in ran.err


@pytest.mark.parametrize(
    "words", [("--cancel",), ("1", "--done"), ("--done", "--account", "main"), ("--done", "--yes")]
)
def test_an_answer_can_only_be_confirmed(office: Office, words: tuple[str, ...]) -> None:
    ran = office.run("resolve", "--answer", "1", *words)
    assert ran.code == 2
    assert "--answer goes with --done and --why only" in ran.err


def test_the_clock_is_trusted_again_by_a_persons_word(office: Office) -> None:
    assert office.run("resume", "clock").out == "the clock keeps no call from being released\n"
    with office.store.transaction() as connection:
        clock.jumped(connection, office.store.now(connection), 3_600_000)
    assert "the database's clock jumped ahead by 1 h" in office.run("doctor").out
    said = "the clock is trusted again: calls that are due are released\n"
    assert office.run("resume", "clock", "--why", "the clock was wrong before").out == said
    assert "clock jumped" not in office.run("doctor").out


def test_resume_needs_a_name_of_anything_but_the_clock(office: Office) -> None:
    assert office.run("resume", "account").code == 2
