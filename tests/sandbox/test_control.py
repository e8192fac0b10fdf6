"""The control endpoints, and their errors."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest

from bridge.sandbox.faults import Kind
from tests.sandbox.raw_client import SOUND, Answer, ask, request
from tests.support.sandbox import Sandbox

KINDS = ", ".join(Kind)


def control(sandbox: Sandbox, method: str, path: str, body: Any = b"", version: str = "1.1") -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ask(sandbox.port, request(path, method=method, headers=(), body=data, version=version))


def refused(answer: Answer) -> tuple[str, str]:
    assert answer.status == 400
    assert answer.json["message"].startswith(
        f"{answer.json['field']}: expected {answer.json['expected']}, found "
    )
    return answer.json["field"], answer.json["message"]


def test_it_is_healthy(sandbox: Sandbox) -> None:
    answer = control(sandbox, "GET", "/healthz")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


def test_a_fault_is_confirmed_in_full(sandbox: Sandbox) -> None:
    asked = {"kind": "429", "times": 3, "ran": True, "retry_after": 5}
    answer = control(sandbox, "POST", "/faults", asked)
    confirmed = {"kind": "429", "times": 3, "ran": True, "retry_after": "5", "seconds": 0.0}
    assert (answer.status, answer.json) == (201, confirmed)
    assert control(sandbox, "GET", "/faults").json == [confirmed]


def test_a_fault_has_defaults(sandbox: Sandbox) -> None:
    answer = control(sandbox, "POST", "/faults", {"kind": "truncated"})
    assert answer.json == {"kind": "truncated", "times": 1, "ran": True, "retry_after": None, "seconds": 0.0}


def test_any_answer_can_be_requested(sandbox: Sandbox) -> None:
    asked = {"kind": "answer", "status": 403, "body": "Отказ", "type": "text/plain; charset=utf-8"}
    assert control(sandbox, "POST", "/faults", asked).json == {
        **asked,
        "times": 1,
        "ran": False,
        "retry_after": None,
        "seconds": 0.0,
    }
    answer = ask(sandbox.port, SOUND)
    assert (answer.status, answer.body.decode()) == (403, "Отказ")
    assert answer.headers["content-type"] == asked["type"]
    assert [(call["status"], call["ran"]) for call in sandbox.calls()] == [(403, False)]


def test_a_status_code_may_be_a_number(sandbox: Sandbox) -> None:
    assert control(sandbox, "POST", "/faults", {"kind": 503}).json["kind"] == "503"


@pytest.mark.parametrize(
    ("fault", "field", "message"),
    [
        ({"kind": "boom"}, "kind", f'kind: expected one of {KINDS}, found "boom"'),
        ({}, "kind", f"kind: expected one of {KINDS}, found null"),
        ({"kind": 418}, "kind", f'kind: expected one of {KINDS}, found "418"'),
        (
            {"kind": "500", "times": 0},
            "times",
            "times: expected a whole number from 1, or null for until deleted, found 0",
        ),
        (
            {"kind": "500", "times": True},
            "times",
            "times: expected a whole number from 1, or null for until deleted, found true",
        ),
        ({"kind": "500", "ran": "yes"}, "ran", 'ran: expected true or false, found "yes"'),
        (
            {"kind": "500", "retry_after": -1},
            "retry_after",
            "retry_after: expected seconds as a whole number from 0, or an HTTP date, found -1",
        ),
        (
            {"kind": "500", "retry_after": "1\r\nX: y"},
            "retry_after",
            'retry_after: expected seconds as a whole number from 0, or an HTTP date, found "1\\r\\nX: y"',
        ),
        (
            {"kind": "slow", "seconds": 4000},
            "seconds",
            "seconds: expected a number from 0 to 3600, found 4000",
        ),
        (
            {"kind": "500", "time": 3},
            "time",
            "time: expected only the keys kind, times, ran, retry_after, seconds, status, body, type, "
            'found "time"',
        ),
        ({"kind": "answer", "status": 99}, "status", "status: expected a status from 200 to 599, found 99"),
        ({"kind": "answer", "status": 600}, "status", "status: expected a status from 200 to 599, found 600"),
        (
            {"kind": "answer", "status": "x"},
            "status",
            'status: expected a status from 200 to 599, found "x"',
        ),
        ({"kind": "answer", "body": {}}, "body", "body: expected a text, found {}"),
        ({"kind": "answer", "type": "a\r\nb"}, "type", 'type: expected a content type, found "a\\r\\nb"'),
        (
            {"kind": "500", "status": 403},
            "status",
            "status: expected no status unless kind is answer, found 403",
        ),
        (b"{", "body", 'body: expected a JSON object, found "{"'),
        (b"", "body", 'body: expected a JSON object, found ""'),
        (b"\xff", "body", 'body: expected a JSON object, found "\ufffd"'),
        ([], "body", "body: expected a JSON object, found []"),
    ],
)
def test_an_invalid_fault_is_rejected_and_changes_nothing(
    sandbox: Sandbox, fault: Any, field: str, message: str
) -> None:
    assert refused(control(sandbox, "POST", "/faults", fault)) == (field, message)
    assert control(sandbox, "GET", "/faults").json == []


def test_a_status_is_confirmed(sandbox: Sandbox) -> None:
    answer = control(sandbox, "PUT", "/subscribers/u%2F1", {"status": "blocked", "channel_id": "vk"})
    assert (answer.status, answer.json) == (200, {"id": "u/1", "channel_id": "vk", "status": "blocked"})


@pytest.mark.parametrize(
    ("path", "document", "message"),
    [
        ("1", {"status": "gone"}, 'status: expected one of subscribed, unsubscribed, blocked, found "gone"'),
        ("1", {}, "status: expected one of subscribed, unsubscribed, blocked, found null"),
        ("1", {"status": "blocked", "channel_id": 5}, "channel_id: expected a text, found 5"),
        (
            "1",
            {"state": "blocked"},
            'state: expected only the keys status, channel_id, found "state"',
        ),
        (
            "",
            {"status": "blocked"},
            'id: expected one subscriber_id or user_id after /subscribers/, found ""',
        ),
        ("1/2", {}, 'id: expected one subscriber_id or user_id after /subscribers/, found "1/2"'),
    ],
)
def test_an_invalid_status_is_rejected(sandbox: Sandbox, path: str, document: Any, message: str) -> None:
    assert refused(control(sandbox, "PUT", f"/subscribers/{path}", document))[1] == message


@pytest.mark.parametrize("path", ["/faults", "/calls"])
def test_deleting_is_answered_204(sandbox: Sandbox, path: str) -> None:
    answer = control(sandbox, "DELETE", path)
    assert (answer.status, answer.body, answer.headers) == (204, b"", {})


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/", "GET"),
        ("POST", "/healthz", "GET"),
        ("PUT", "/faults", "GET, POST, DELETE"),
        ("POST", "/calls", "GET, DELETE"),
        ("GET", "/subscribers/1", "PUT"),
    ],
)
def test_another_method_is_answered_405(sandbox: Sandbox, method: str, path: str, allowed: str) -> None:
    answer = control(sandbox, method, path)
    assert (answer.status, answer.headers["allow"], answer.json["message"]) == (
        405,
        allowed,
        f"expected {allowed}",
    )


def test_an_unknown_page_is_answered_404(sandbox: Sandbox) -> None:
    answer = control(sandbox, "GET", "/call")
    assert (answer.status, answer.json) == (404, {"message": "no such page; GET / lists what there is"})


def test_calls_can_be_listed_over_http_1_0(sandbox: Sandbox) -> None:
    answer = control(sandbox, "GET", "/calls", version="1.0")
    assert (answer.headers["connection"], answer.json) == ("close", [])


def test_the_index_page_names_every_kind_of_fault_and_its_own_host(sandbox: Sandbox) -> None:
    answer = control(sandbox, "GET", "/")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert f"one of {' '.join(Kind)}\n" in answer.text
    assert "LEADCONVERTER_URL=http://localhost and" in answer.text
    assert "{" not in answer.text.replace('{"', "")


def test_the_index_page_does_not_repeat_an_invalid_host(sandbox: Sandbox) -> None:
    answer = ask(sandbox.port, b"GET / HTTP/1.1\r\nHost: $(reboot)\r\n\r\n")
    assert "reboot" not in answer.text


def curl_examples(page: str) -> list[list[str]]:
    joined = page.replace("\\\n", " ")
    return [shlex.split(line) for line in re.findall(r"^ *(curl .*)$", joined, re.MULTILINE)]


def as_request(words: list[str]) -> bytes:
    """What curl would send, for the options that the page uses."""
    method, headers, data, url = "", [], [], ""
    rest = iter(words[1:])
    for word in rest:
        match word:
            case "-X":
                method = next(rest)
            case "-H":
                headers.append(next(rest))
            case "-d":
                data.append(next(rest))
            case _:
                url = word
    if data:
        headers.append("Content-Type: application/x-www-form-urlencoded")
    target = "/" + url.split("/", 3)[3]
    body = "&".join(data).encode()
    return request(target, method=method or ("POST" if data else "GET"), headers=tuple(headers), body=body)


def test_every_example_of_the_index_page_works(sandbox: Sandbox) -> None:
    examples = curl_examples(control(sandbox, "GET", "/").text)
    answers = [ask(sandbox.port, as_request(words)) for words in examples]
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 204, 200, 201, 200, 204, 200]
    assert [call["variables"] for call in answers[2].json] == [{"name": "Anna"}, {"name": "Anna"}]
