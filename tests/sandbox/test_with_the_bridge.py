"""The bridge's client against the sandbox: bot starts arrive unchanged, each fault has its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bridge.dispatch.http.client import Client
from bridge.dispatch.http.transport import Transport
from bridge.dispatch.policy.request import build
from bridge.model import Account, Attempt, BotStart, Call, Outcome, Recipient, State
from bridge.reasons.calls import CallCode
from bridge.sandbox.checks import Start, check
from bridge.sandbox.faults import Kind
from bridge.sandbox.parameters import read
from tests.support.sandbox import Sandbox

NOW = 1_700_000_000_000
DEADLINE = 0.5
TEXTS = some.text(some.characters(exclude_categories=["Cs"]))
NAMES = some.text(
    some.characters(exclude_categories=["Cs", "Cc"], exclude_characters="[]"), min_size=1
).filter(lambda name: name.strip() != "")
IDS = TEXTS.filter(lambda text: text.strip() != "")
RECIPIENTS = some.builds(Recipient, some.integers(1, 2**63 - 1)) | some.builds(
    Recipient, some.none(), user_id=IDS, channel_id=IDS
)
STARTS = some.builds(
    BotStart,
    rule=some.just("paid"),
    item=some.just(0),
    account=some.just("main"),
    recipient=RECIPIENTS,
    bot_id=some.integers(1, 2**63 - 1),
    variables=some.dictionaries(NAMES, TEXTS).map(lambda named: tuple(named.items())),
    forced=some.booleans(),
)
PAID = BotStart("paid", 0, "main", Recipient(778899), 4512, (("hello", "1&forced=true&variable[x]=y"),))


@dataclass
class Sender:
    """A client, and the loop it runs in."""

    runner: asyncio.Runner
    client: Client


@pytest.fixture
def client() -> Iterator[Sender]:
    with asyncio.Runner() as runner:
        made = Client(Transport(), deadline=DEADLINE, now=lambda: NOW)
        yield Sender(runner, made)
        made.close()


def send(client: Sender, sandbox: Sandbox, start: BotStart = PAID) -> Attempt:
    call = Call(1, 1, "shop", start, State.SENDING, 1, 0, 0, 0, "w1", NOW, NOW, NOW * 2, NOW)
    to = Account("main", "secret", url=sandbox.url)
    return client.runner.run(client.client.send(to, call))


@given(STARTS, some.sampled_from(["query", "form"]), some.sampled_from(["true", "1"]))
def test_any_bot_start_is_decoded_unchanged(start: BotStart, where: str, spelling: str) -> None:
    account = replace(
        Account("main", "t", forced_value=spelling), parameters="form" if where == "form" else "auto"
    )
    outgoing = build(start, account, 1)
    query = urlsplit(outgoing.url).query.encode()
    parameters = read(query, outgoing.content_type or "", outgoing.body)
    assert parameters.faults == ()
    assert parameters.values == expected(start, spelling)
    assert isinstance(check(parameters.values), Start)


def expected(start: BotStart, spelling: str) -> dict[str, object]:
    who = start.recipient
    named = {"user_id": who.user_id, "channel_id": who.channel_id}
    recipient = named if who.subscriber_id is None else {"subscriber_id": str(who.subscriber_id)}
    variables = {"variable": dict(start.variables)} if start.variables else {}
    forced = {"forced": spelling} if start.forced else {}
    return {**recipient, "bot_id": str(start.bot_id), **variables, **forced}


def test_a_bot_start_arrives_unchanged(client: Sender, sandbox: Sandbox) -> None:
    assert send(client, sandbox).outcome is Outcome.DONE
    (call,) = sandbox.calls()
    assert call == {
        "at": call["at"],
        "token": "secret",
        "subscriber_id": "778899",
        "user_id": None,
        "channel_id": None,
        "bot_id": "4512",
        "variables": {"hello": "1&forced=true&variable[x]=y"},
        "forced": None,
        "ran": True,
        "status": 200,
    }


def test_a_bot_start_too_long_for_a_url_arrives_unchanged(client: Sender, sandbox: Sandbox) -> None:
    send(client, sandbox, replace(PAID, variables=(("text", "я🎉" * 5000),)))
    assert sandbox.calls()[0]["variables"] == {"text": "я🎉" * 5000}


SEEN_AS = {
    "timeout": Outcome.UNCERTAIN,
    "reset": Outcome.UNCERTAIN,
    "slow": Outcome.UNCERTAIN,
    "garbage": Outcome.UNCERTAIN,
    "truncated": Outcome.UNCERTAIN,
    "html": Outcome.UNCERTAIN,
    "500": Outcome.UNCERTAIN,
    "502": Outcome.UNCERTAIN,
    "503": Outcome.RETRY,
    "429": Outcome.RETRY,
    "401": Outcome.PAUSE,
    "403": Outcome.REFUSED,
    "404": Outcome.REFUSED,
    "422": Outcome.REFUSED,
    "redirect": Outcome.REFUSED,
    "answer": Outcome.DONE,
}


def test_every_kind_of_fault_is_sent_through_the_client_here() -> None:
    assert set(SEEN_AS) == set(Kind)


@pytest.mark.parametrize(("kind", "outcome"), SEEN_AS.items())
def test_a_fault_ends_in_its_outcome(client: Sender, sandbox: Sandbox, kind: str, outcome: Outcome) -> None:
    sandbox.fault(kind)
    assert send(client, sandbox).outcome is outcome
    assert send(client, sandbox).outcome is Outcome.DONE


def test_a_slow_answer_within_the_deadline_is_done(client: Sender, sandbox: Sandbox) -> None:
    sandbox.fault("slow", seconds=0.1)
    assert send(client, sandbox).outcome is Outcome.DONE


@pytest.mark.parametrize("kind", ["429", "503"])
def test_retry_after_is_read(client: Sender, sandbox: Sandbox, kind: str) -> None:
    sandbox.fault(kind, retry_after=7)
    assert send(client, sandbox).retry_after == 7


@pytest.mark.parametrize(
    ("status", "forced", "outcome", "code"),
    [
        ("unsubscribed", False, Outcome.REFUSED, CallCode.UNSUBSCRIBED),
        ("unsubscribed", True, Outcome.DONE, CallCode.ANSWERED),
        ("blocked", False, Outcome.REFUSED, CallCode.BLOCKED),
        ("blocked", True, Outcome.REFUSED, CallCode.BLOCKED),
    ],
)
def test_unsubscribed_and_blocked_are_distinguished(
    client: Sender, sandbox: Sandbox, status: str, forced: bool, outcome: Outcome, code: CallCode
) -> None:
    sandbox.subscriber(778899, status)
    attempt = send(client, sandbox, replace(PAID, forced=forced))
    assert attempt.reason is not None
    assert (attempt.outcome, attempt.reason.code) == (outcome, code)


@pytest.mark.parametrize(
    ("status", "outcome"), [(299, Outcome.DONE), (499, Outcome.REFUSED), (520, Outcome.UNCERTAIN)]
)
def test_an_answer_may_have_a_status_without_a_name(
    client: Sender, sandbox: Sandbox, status: int, outcome: Outcome
) -> None:
    sandbox.fault("answer", status=status, body="{}")
    attempt = send(client, sandbox)
    assert (attempt.status, attempt.outcome) == (status, outcome)
