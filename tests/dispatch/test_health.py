from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from bridge.dispatch.policy.account_errors import Streaks
from bridge.dispatch.policy.account_health import Health, after, from_text, to_reissue, to_text
from bridge.dispatch.policy.breaker import Breaker, Gate
from bridge.model import HTML, Attempt, BotStart, Call, Outcome, Recipient, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason, recorded
from bridge.text.render import english
from tests.support.reasons import because

NOW = 1_700_000_000_000


def call(number: int, recipient: int) -> Call:
    start = BotStart("paid", 0, "main", Recipient(subscriber_id=recipient), 4512)
    return Call(number, 1, "shop", start, State.SENDING, 1, 0, 0, 0, "w1", NOW, NOW, NOW * 2, NOW)


def answered(status: int, outcome: Outcome, reason: str = "why", **more: Any) -> Attempt:
    return Attempt(NOW, NOW + 10, outcome, because(reason), "complete", status=status, **more)


DENIED = answered(404, Outcome.REFUSED, denied=True)
DONE = answered(200, Outcome.DONE)
PAGE = answered(200, Outcome.UNCERTAIN, cause=HTML)


def pauses(*attempts: tuple[int, Attempt]) -> list[str]:
    """What each attempt, with its recipient, says about pausing the account."""
    health, found = Health(), []
    for number, (recipient, attempt) in enumerate(attempts, start=1):
        finding = after(health, call(number, recipient), attempt, NOW)
        health = finding.health
        found.append(english(finding.pause))
    return found


def test_three_pages_in_a_row_pause_the_account() -> None:
    reason = "3 answers in a row were HTML pages: a login page, a firewall or maintenance"
    assert pauses((1, PAGE), (1, PAGE), (1, PAGE)) == ["", "", reason]
    assert not any(pauses((1, PAGE), (1, PAGE), (1, DONE), (1, PAGE), (1, PAGE)))


def test_five_denials_of_three_recipients_pause_the_account() -> None:
    reason = (
        "5 calls in a row were denied (402, 403, 404, 410): is the token right, and the project paid for?"
    )
    assert pauses(*[(n % 3, DENIED) for n in range(5)])[-1] == reason
    assert not any(pauses(*[(n % 2, DENIED) for n in range(20)]))
    assert not any(pauses(*[(n, DENIED) for n in range(4)], (9, DONE), (10, DENIED)))


def test_health_is_read_back_as_it_was_written() -> None:
    health, lost = Health(), Attempt(NOW, NOW, Outcome.UNCERTAIN, because("lost"), "waiting", cause="eof")
    for number in range(5):
        health = after(health, call(number, number), lost, NOW).health
    assert health.breaker.bots == (4512,)
    assert from_text(to_text(health)) == health
    older = to_text(health).replace(',"bots":[4512]', "")
    assert from_text(older).breaker == replace(health.breaker, bots=())


def test_no_reason_makes_or_breaks_a_row() -> None:
    words = answered(200, Outcome.UNCERTAIN, "answered 200 with an HTML page instead of the API's answer")
    assert not any(pauses(*[(n, words) for n in range(20)]))


def test_what_had_no_answer_neither_adds_nor_breaks() -> None:
    lost = Attempt(NOW, NOW, Outcome.RETRY, because("nothing was sent"), "connecting")
    assert pauses((1, PAGE), (1, PAGE), (1, lost), (1, PAGE))[-1] != ""


def test_calls_refused_by_a_wrong_token_are_remembered_until_a_person_resumes() -> None:
    health = Health()
    for number in range(1, 6):
        health = after(health, call(number, number), DENIED, NOW).health
    assert health.reissue == (1, 2, 3, 4, 5)
    assert health.streaks == Streaks()
    assert to_reissue(health) == [1, 2, 3, 4, 5]


def test_calls_in_flight_at_the_pause_are_remembered_with_the_others() -> None:
    health = Health()
    for number in range(1, 9):
        health = after(health, call(number, number), DENIED, NOW).health
    assert to_reissue(health) == [1, 2, 3, 4, 5, 6, 7, 8]
    four = after(Health(), call(1, 1), DENIED, NOW).health
    assert to_reissue(four) == []


def test_an_answer_that_says_so_pauses_the_account_with_its_reason() -> None:
    expired = replace(answered(401, Outcome.PAUSE, "the token is not accepted"), pause_account=True)
    assert pauses((1, expired)) == ["the token is not accepted"]


def test_calls_that_went_out_before_the_pace_was_halved_do_not_halve_it_again() -> None:
    throttled = replace(answered(429, Outcome.RETRY), slow_down=True)
    first = after(Health(), call(1, 1), throttled, NOW + 10)
    assert first.slow_down
    assert not after(first.health, call(2, 2), throttled, NOW + 20).slow_down
    assert after(first.health, call(3, 3), replace(throttled, started_at=NOW + 30), NOW + 40).slow_down


def test_health_reads_back_as_it_was_written() -> None:
    health = Health(slowed_at=NOW)
    for number, attempt in enumerate([DENIED, PAGE, DENIED, DENIED, DONE, DENIED]):
        assert from_text(to_text(health)) == health
        health = after(health, call(number, number), attempt, NOW).health
    assert from_text(to_text(health)) == health
    assert to_text(Health()) == ""


def test_a_healthy_account_is_not_written_again() -> None:
    health = Health()
    for number in range(25):
        health = after(health, call(number, number), DONE, NOW).health
    assert after(health, call(99, 99), DONE, NOW).health is health


def test_what_a_probe_found_is_read_back_also_as_older_versions_wrote_it() -> None:
    found = Reason(CallCode.ANSWERED_BUT, status=502, fault=Reason(CallCode.CUT_HEAD))
    health = Health(Breaker(Gate.OPEN, since=NOW, probe=found))
    assert from_text(to_text(health)) == health
    document = json.loads(to_text(health))
    document["breaker"]["probe"] = "answered 502"
    assert from_text(json.dumps(document)).breaker.probe == recorded("answered 502")
    del document["breaker"]["probe"]
    assert from_text(json.dumps(document)).breaker.probe is None
