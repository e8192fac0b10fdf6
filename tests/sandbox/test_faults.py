"""Each kind of fault, as a client sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

import pytest

from bridge.sandbox.faults import Fault, FaultQueue, Kind
from bridge.sandbox.server import Options
from tests.sandbox.raw_client import METHOD, SOUND, Answer, RawClient, ask, request, start
from tests.support.sandbox import Sandbox

WITHOUT_ANSWER = ["timeout", "reset", "garbage"]
WITH_ANSWER = {
    "500": 500,
    "502": 502,
    "503": 503,
    "429": 429,
    "401": 401,
    "403": 403,
    "404": 404,
    "422": 422,
    "html": 200,
    "redirect": 302,
    "answer": 200,
}


@contextmanager
def calling(sandbox: Sandbox) -> Iterator[RawClient]:
    with RawClient(sandbox.port) as client:
        yield client.send(SOUND)


def seen(sandbox: Sandbox) -> list[tuple[bool, int | None]]:
    return [(call["ran"], call["status"]) for call in sandbox.calls()]


def remaining(sandbox: Sandbox) -> list[tuple[str, int | None]]:
    return [(fault["kind"], fault["times"]) for fault in sandbox.control("GET", "/faults")]


def test_every_kind_of_fault_is_tested_here() -> None:
    assert {*WITHOUT_ANSWER, *WITH_ANSWER, "slow", "truncated"} == set(Kind)


@pytest.mark.parametrize(("kind", "status"), WITH_ANSWER.items())
def test_a_fault_can_be_an_answer(sandbox: Sandbox, kind: str, status: int) -> None:
    sandbox.fault(kind)
    with calling(sandbox) as client:
        assert client.answer().status == status
        assert client.send(SOUND).answer().json["started"] == 1
    assert seen(sandbox) == [(False, status), (True, 200)]


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("500", {"message": "Server Error"}),
        ("503", {"message": "Service Unavailable"}),
        ("429", {"message": "Too Many Attempts"}),
        ("401", {"message": "Unauthenticated"}),
        ("403", {"message": "This action is unauthorized"}),
        ("404", {"message": "Not Found"}),
        ("422", {"message": "bot_id: no such bot", "errors": {"bot_id": ["bot_id: no such bot"]}}),
    ],
)
def test_a_fault_of_the_application_is_json(sandbox: Sandbox, kind: str, document: Any) -> None:
    sandbox.fault(kind)
    answer = ask(sandbox.port, SOUND)
    assert (answer.headers["content-type"], answer.json) == ("application/json", document)


@pytest.mark.parametrize(
    ("kind", "title"),
    [("502", "502 Bad Gateway"), ("html", "Вход в личный кабинет"), ("redirect", "Redirecting to /login")],
)
def test_a_fault_before_the_application_is_a_page(sandbox: Sandbox, kind: str, title: str) -> None:
    sandbox.fault(kind)
    answer = ask(sandbox.port, SOUND)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text.startswith("<!DOCTYPE html>")
    assert f"<title>{title}</title>" in answer.text


def test_a_redirect_leads_to_the_login_page(sandbox: Sandbox) -> None:
    sandbox.fault("redirect")
    assert ask(sandbox.port, SOUND).headers["location"] == "/login"


def test_a_timeout_sends_nothing_and_closes(sandbox: Sandbox) -> None:
    sandbox.fault("timeout", seconds=0.2)
    began = monotonic()
    with calling(sandbox) as client:
        assert client.rest() == b""
    assert monotonic() - began >= 0.2
    assert seen(sandbox) == [(False, None)]


def test_a_timeout_lasts_longer_than_any_caller_should_wait(sandbox: Sandbox) -> None:
    sandbox.fault("timeout")
    assert sandbox.control("GET", "/faults")[0]["seconds"] == 300


def test_a_caller_may_disconnect_during_a_timeout(sandbox: Sandbox) -> None:
    sandbox.fault("timeout")
    with calling(sandbox):
        assert_is_listed(sandbox, 1)
    assert ask(sandbox.port, SOUND).status == 200


def assert_is_listed(sandbox: Sandbox, calls: int) -> None:
    """Wait until the sandbox has read the call, which another connection sent."""
    while len(sandbox.calls()) < calls:
        pass


def test_a_reset_resets(sandbox: Sandbox) -> None:
    sandbox.fault("reset")
    with calling(sandbox) as client, pytest.raises(ConnectionResetError):
        client.rest()
    assert seen(sandbox) == [(False, None)]


def test_garbage_is_not_http(sandbox: Sandbox) -> None:
    sandbox.fault("garbage")
    with calling(sandbox) as client:
        assert client.rest() == b"\x15\x03\x03\x00\x02\x02\x28 this is not HTTP\r\n\r\n"
    assert seen(sandbox) == [(False, None)]


def test_a_truncated_answer_ends_in_the_middle_of_its_body(sandbox: Sandbox) -> None:
    sandbox.fault("truncated")
    with calling(sandbox) as client:
        head, _, body = client.rest().partition(b"\r\n\r\n")
    promised = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert 0 < len(body) < promised
    assert seen(sandbox) == [(True, 200)]


def test_a_slow_answer_is_the_true_one_spread_over_time(sandbox: Sandbox) -> None:
    sandbox.fault("slow", seconds=0.3)
    began = monotonic()
    with calling(sandbox) as client:
        assert client.answer().json["started"] == 1
        assert monotonic() - began >= 0.3
        assert client.send(SOUND).answer().status == 200
    assert seen(sandbox) == [(True, 200), (True, 200)]


def test_a_slow_answer_takes_longer_than_any_caller_should_wait(sandbox: Sandbox) -> None:
    sandbox.fault("slow")
    assert sandbox.control("GET", "/faults")[0]["seconds"] == 30


@pytest.mark.parametrize("kind", ["slow", "truncated"])
def test_the_answer_to_a_wrong_call_can_be_damaged_too(sandbox: Sandbox, kind: str) -> None:
    sandbox.fault(kind, seconds=0)
    with RawClient(sandbox.port) as client:
        assert client.send(start(bot_id="1")).finish().rest().startswith(b"HTTP/1.1 422 ")
    assert seen(sandbox) == [(False, 422)]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("ran", [True, False])
def test_ran_decides_whether_the_bot_runs_before_the_fault(sandbox: Sandbox, kind: str, ran: bool) -> None:
    sandbox.fault(kind, ran=ran, seconds=0)
    with calling(sandbox) as client:
        read_all(client)
    assert [call["ran"] for call in sandbox.calls()] == [ran]


def read_all(client: RawClient) -> None:
    with suppress(OSError):
        client.finish().rest()


def test_a_bot_that_would_not_run_does_not_run_before_a_fault(sandbox: Sandbox) -> None:
    sandbox.subscriber(778899, "blocked")
    sandbox.fault("500", ran=True, times=2)
    ask(sandbox.port, SOUND)
    ask(sandbox.port, request(f"{METHOD}?bot_id=1"))
    assert seen(sandbox) == [(False, 500), (False, 500)]


@pytest.mark.parametrize("kind", ["429", "503", "500"])
@pytest.mark.parametrize(("asked", "sent"), [(5, "5"), ("Fri, 22 May 2026 14:17:17 GMT", None), (0, "0")])
def test_a_fault_can_have_a_retry_after(sandbox: Sandbox, kind: str, asked: Any, sent: str | None) -> None:
    sandbox.fault(kind, retry_after=asked)
    assert ask(sandbox.port, SOUND).headers["retry-after"] == (sent or asked)


def test_a_fault_has_no_retry_after_by_default(sandbox: Sandbox) -> None:
    sandbox.fault("429")
    assert "retry-after" not in ask(sandbox.port, SOUND).headers


def answers(sandbox: Sandbox, count: int) -> list[int]:
    with RawClient(sandbox.port) as client:
        return [client.send(SOUND).answer().status for _ in range(count)]


def test_a_fault_applies_times_times_and_once_by_default(sandbox: Sandbox) -> None:
    sandbox.fault("500", times=3)
    sandbox.fault("429")
    assert answers(sandbox, 2) == [500, 500]
    assert remaining(sandbox) == [("500", 1), ("429", 1)]
    assert answers(sandbox, 3) == [500, 429, 200]
    assert remaining(sandbox) == []


def test_a_fault_may_last_until_it_is_deleted(sandbox: Sandbox) -> None:
    sandbox.fault("503", times=None)
    assert answers(sandbox, 5) == [503] * 5
    assert remaining(sandbox) == [("503", None)]
    sandbox.heal()
    assert answers(sandbox, 1) == [200]


def test_faults_are_queued() -> None:
    queue = FaultQueue()
    queue.add(Fault(Kind.HTML, times=2))
    queue.add(Fault(Kind.RESET))
    taken = [queue.take() for _ in range(4)]
    assert [fault and fault.kind for fault in taken] == [Kind.HTML, Kind.HTML, Kind.RESET, None]


def test_a_fault_does_not_apply_to_control_requests(sandbox: Sandbox) -> None:
    sandbox.fault("500")
    assert sandbox.control("GET", "/healthz") == {"status": "ok"}
    assert remaining(sandbox) == [("500", 1)]


def timed(port: int) -> tuple[float, Answer]:
    began = monotonic()
    answer = ask(port, SOUND)
    return monotonic() - began, answer


def test_the_latency_delays_every_api_response() -> None:
    sandbox = Sandbox(Options(latency=0.1)).start()
    try:
        sandbox.fault("500")
        for status in (500, 200):
            took, answer = timed(sandbox.port)
            assert (answer.status, took >= 0.1) == (status, True)
    finally:
        sandbox.stop()
