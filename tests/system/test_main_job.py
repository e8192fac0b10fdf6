"""A webhook over HTTP becomes a bot start: the whole line, as a user runs it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.processes import Answer, Installation
from tests.support.waiting import eventually

HOSTILE = [
    "1&forced=true&variable[x]=y",
    'Курс «Питон» & "кавычки" = # % + \' 🎉 \u2028',
    "я" * 1000,
    " spaces  around ",
    "%41%00%26",
    "строка\nвторая\tтаб",
]


def payment(number: int, **metadata: str) -> dict[str, Any]:
    return {
        "type": "notification",
        "event": "payment.succeeded",
        "object": {
            "id": f"payment-{number}",
            "amount": {"value": "1990.00", "currency": "RUB"},
            "captured_at": "2026-05-10T14:28:03.412Z",
            "metadata": {"subscriber_id": str(number), "course": "python", "name": "Мария", **metadata},
        },
    }


def calls_for(bridge: Installation, subscriber: int) -> list[dict[str, Any]]:
    return [call for call in bridge.calls() if call["subscriber_id"] == str(subscriber)]


def test_a_payment_starts_the_mapped_bot_once(shipped: Installation) -> None:
    answer = shipped.post("/hooks/yookassa", payment(101))
    assert (answer.status, answer.body) == (200, b"OK")
    (call,) = eventually(lambda: calls_for(shipped, 101))
    assert call["bot_id"] == "4512"
    assert call["forced"] == "true"
    assert call["variables"] == {
        "amount": "1990.00",
        "course": "Python с нуля",
        "paid_at": "10.05.2026 17:28",
        "hello": "Спасибо, Мария! Платёж payment-101",
    }
    assert (call["ran"], call["status"]) == (True, 200)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_any_text_arrives_as_that_text_and_nothing_else(shipped: Installation, number: int) -> None:
    text = HOSTILE[number]
    shipped.post("/hooks/yookassa", payment(200 + number, name=text))
    (call,) = eventually(lambda: calls_for(shipped, 200 + number))
    assert call["variables"]["hello"] == f"Спасибо, {text}! Платёж payment-{200 + number}"
    assert sorted(call["variables"]) == ["amount", "course", "hello", "paid_at"]


def test_a_person_in_a_messenger_is_reached_by_user_and_channel(shipped: Installation) -> None:
    deal = {
        "id": "run-1",
        "kind": "deal",
        "first_name": "Jane",
        "telegram": {"user_id": 5012345678, "channel_id": "901"},
        "deal": {"id": 42, "stage": "WON"},
    }
    answer = shipped.post("/hooks/nocode", deal, {"X-Bridge-Token": "sandbox"})
    assert answer.status == 200
    (call,) = eventually(lambda: [one for one in shipped.calls() if one["user_id"] == "5012345678"])
    assert (call["channel_id"], call["subscriber_id"], call["forced"]) == ("901", None, None)
    assert call["variables"] == {"name": "Jane", "deal": "42"}


def test_twenty_repeats_at_the_same_moment_start_one_bot_and_hear_the_same(shipped: Installation) -> None:
    def post(_: int) -> Answer:
        return shipped.post("/hooks/yookassa", payment(301))

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, range(20)))
    answers.append(shipped.post("/hooks/yookassa", payment(301)))
    assert {(answer.status, answer.body) for answer in answers} == {(200, b"OK")}
    assert eventually(lambda: calls_for(shipped, 301))
    # A later webhook of another buyer has gone through: nothing of the twenty is still on its way.
    shipped.post("/hooks/yookassa", payment(302))
    assert eventually(lambda: calls_for(shipped, 302))
    assert len(calls_for(shipped, 301)) == 1


def test_a_wrong_token_is_refused_and_leaves_no_event(shipped: Installation) -> None:
    before = json.loads(shipped.command("events", "--source", "nocode", "--json").stdout)
    answer = shipped.post("/hooks/nocode", {"id": "forged"}, {"X-Bridge-Token": "guess"})
    assert (answer.status, answer.body) == (401, b"not authorised\n")
    after = json.loads(shipped.command("events", "--source", "nocode", "--json").stdout)
    assert after == before


def test_an_unknown_source_is_not_found(shipped: Installation) -> None:
    answer = shipped.post("/hooks/nobody", {"id": 1})
    assert (answer.status, answer.body) == (404, b"no such source\n")


def test_a_body_over_one_mebibyte_is_too_large_and_a_wrong_method_is_told(shipped: Installation) -> None:
    assert shipped.post("/hooks/yookassa", b"x" * (1 << 20) + b"x").status == 413
    assert shipped.get("/hooks/yookassa").status == 405


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b'{"a":' * 2000,
        b"[" * 100_000,
        b'{"event": NaN}',
        b'"\\ud800"',
        b"null",
        b"7" * 6000,
    ],
    ids=range(9),
)
def test_no_body_makes_the_bridge_fail(shipped: Installation, body: bytes) -> None:
    answer = shipped.post("/hooks/yookassa", body, {"Content-Type": "application/json"})
    assert answer.status in (200, 400)
    assert shipped.get("/healthz").status == 200


def test_an_unmatched_event_is_kept_and_explained_rule_by_rule(shipped: Installation) -> None:
    cheap = payment(401)
    cheap["object"]["amount"]["value"] = "990.00"
    assert shipped.post("/hooks/yookassa", cheap).status == 200
    (event, *_) = json.loads(shipped.command("events", "--source", "yookassa", "--json").stdout)
    assert event["result"] == "unmatched"
    told = shipped.command("explain", str(event["id"])).stdout
    assert "course paid" in told
    assert "$.object.amount.value" in told
    assert "990.00" in told


def test_a_rule_that_lacks_its_recipient_fails_visibly_and_starts_after_mending_and_replay(
    shipped: Installation,
) -> None:
    lacking = payment(501)
    lacking["object"]["metadata"] = {"course": "sql", "name": "Олег", "buyer": "501"}
    assert shipped.post("/hooks/yookassa", lacking).status == 200
    (event, *_) = json.loads(shipped.command("events", "--source", "yookassa", "--json").stdout)
    assert event["result"] == "failed"
    assert "$.object.metadata.subscriber_id" in shipped.command("explain", str(event["id"])).stdout
    mapping = shipped.mappings / "yookassa.yml"
    before = mapping.read_text()
    place = "subscriber_id: $.object.metadata.subscriber_id"
    either = f"first_of: [{{{place}}}, {{subscriber_id: $.object.metadata.buyer}}]"
    mapping.write_text(before.replace(place, either, 1))
    try:
        replayed = shipped.command("replay", str(event["id"]))
        assert replayed.returncode == 0, replayed.stderr
        (call,) = eventually(lambda: calls_for(shipped, 501))
        assert call["variables"]["course"] == "SQL"
    finally:
        mapping.write_text(before)
