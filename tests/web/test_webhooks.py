"""How an ASGI request reaches the intake; `test_hostile_clients.py` tries real sockets."""

from __future__ import annotations

from typing import cast

import pytest

from bridge.intake import BUSY, UNKNOWN, Intake
from bridge.model import Reply, Request
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.settings import Proxies
from bridge.web.bodies import BODY_LIMIT
from bridge.web.webhooks import Webhooks
from tests.support.asgi import Answer, ask, scope_of

THANKS = Reply(202, b"thanks", "text/plain", (("X-Seen", "yes"),))


class RecordingIntake:
    """Records what it is given."""

    def __init__(self) -> None:
        self.received: list[tuple[str, Request]] = []
        self.rejected: list[tuple[str, int, Reason]] = []

    def reject(self, name: str, status: int, why: Reason, request: Request) -> None:
        assert (request.body, request.path_token) == (b"", None)
        self.rejected.append((name, status, why))

    async def receive(self, name: str, request: Request) -> Reply:
        if name == "broken":
            raise ZeroDivisionError(f"{request.path_token}, {request.query}, {request.body!r}")
        self.received.append((name, request))
        return Reply(int(name), b"") if name.isdigit() else THANKS


@pytest.fixture
def intake() -> RecordingIntake:
    return RecordingIntake()


@pytest.fixture
def app(intake: RecordingIntake) -> Webhooks:
    return Webhooks(cast(Intake, intake), Proxies(hops=1), trust_local=True)


def post(app: Webhooks, target: str, *parts: bytes, method: str = "POST") -> Answer:
    return ask(app, scope_of(method, target), *parts)


def test_a_webhook_reaches_the_intake_as_it_was_sent(app: Webhooks, intake: RecordingIntake) -> None:
    headers = [
        ("X-Sign_ed", "1"),
        ("x-b", "2"),
        ("X-B", "3"),
        ("X-Forwarded-For", "9.9.9.9"),
        ("X-Forwarded-For", "7.7.7.7"),
        ("Content-Length", "2"),
    ]
    answer = ask(app, scope_of("PUT", "/hooks/shop?a=%20&b", headers, "127.0.0.1"), b"\0\xff")
    assert (answer.status, answer.body) == (202, b"thanks")
    assert (answer.header("content-type"), answer.header("x-seen")) == ("text/plain", "yes")
    ((name, request),) = intake.received
    assert (name, request.method, request.query, request.body) == ("shop", "PUT", "a=%20&b", b"\0\xff")
    assert (request.client, request.path_token, request.local) == ("7.7.7.7", None, False)
    assert request.headers == tuple((name.lower(), value) for name, value in headers)


@pytest.mark.parametrize("status", [200, 204, 299])
def test_the_response_has_the_status_of_the_source(app: Webhooks, status: int) -> None:
    assert post(app, f"/hooks/{status}").status == status


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "TRACE", "SEARCH"])
def test_every_method_reaches_its_source(app: Webhooks, intake: RecordingIntake, method: str) -> None:
    assert post(app, "/hooks/shop", method=method).status == 202
    assert intake.received[0][1].method == method


@pytest.mark.parametrize(
    ("path", "token"),
    [
        ("/hooks/shop", None),
        ("/hooks/shop/", None),
        ("/hooks/shop/s3cret", "s3cret"),
        ("/hooks/shop/s3cret/", "s3cret"),
        ("/hooks/shop/a/b", "a/b"),
        ("/hooks/shop/%D1%8F%2F", "я"),
        ("/hooks/shop/%ff", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_what_follows_the_source_is_its_token(
    app: Webhooks, intake: RecordingIntake, path: str, token: str | None
) -> None:
    post(app, path)
    assert [(name, request.path_token) for name, request in intake.received] == [("shop", token)]


@pytest.mark.parametrize(
    "path", ["/hooks/", "/hooks//shop", "/hooks/.shop", "/hooks/a b", f"/hooks/{'a' * 65}"]
)
def test_an_invalid_name_is_an_unknown_source(app: Webhooks, intake: RecordingIntake, path: str) -> None:
    answer = post(app, path)
    assert (answer.status, answer.body) == (UNKNOWN.status, UNKNOWN.body)
    assert not intake.received
    assert [(status, why) for _, status, why in intake.rejected] == [
        (404, Reason(WebhookCode.REJECTED_UNKNOWN))
    ]


def test_a_body_is_read_to_the_limit_and_no_further(app: Webhooks, intake: RecordingIntake) -> None:
    assert post(app, "/hooks/shop", b" " * BODY_LIMIT).status == 202
    assert post(app, "/hooks/shop", b" " * (BODY_LIMIT + 1)).status == 413
    assert post(app, "/hooks/shop", b" " * BODY_LIMIT, b" ").status == 413
    assert [len(request.body) for _, request in intake.received] == [BODY_LIMIT]
    assert intake.rejected == [("shop", 413, Reason(WebhookCode.REJECTED_TOO_LARGE))] * 2


def test_a_body_whose_length_is_over_the_limit_is_not_read(app: Webhooks, intake: RecordingIntake) -> None:
    scope = scope_of("POST", "/hooks/shop", [("Content-Length", f"{BODY_LIMIT + 1}")])
    assert ask(app, scope, b"{}").status == 413
    assert not intake.received


@pytest.mark.parametrize("parts", [(), (b"{",), (b"{", b'"a"')])
def test_a_truncated_body_is_not_received(
    app: Webhooks, intake: RecordingIntake, parts: tuple[bytes, ...]
) -> None:
    assert ask(app, scope_of("POST", "/hooks/shop"), *parts, cut=True).status == 408
    assert not intake.received
    assert intake.rejected == [("shop", 408, Reason(WebhookCode.REJECTED_INCOMPLETE))]


def test_a_body_that_the_server_calls_malformed_is_rejected_with_its_reason(
    app: Webhooks, intake: RecordingIntake
) -> None:
    why = Reason(WebhookCode.HTTP_BODY, detail="Invalid character in chunk size")
    scope = {**scope_of("POST", "/hooks/shop"), "state": {"malformed": why}}
    assert ask(app, scope, b"{", cut=True).status == 400
    assert intake.rejected == [("shop", 400, why)]


def test_a_fault_of_our_own_is_answered_counted_and_logged_without_what_was_sent(
    app: Webhooks, intake: RecordingIntake, caplog: pytest.LogCaptureFixture
) -> None:
    answer = post(app, "/hooks/broken/private?private", b"private")
    assert (answer.status, answer.body) == (500, b"internal error\n")
    assert intake.rejected == [("broken", 500, Reason(WebhookCode.REJECTED_FAULT))]
    assert "a fault in the bridge itself, at a webhook for broken" in caplog.text
    assert "in receive\n    raise ZeroDivisionError" in caplog.text
    assert caplog.text.endswith("ZeroDivisionError\n")
    assert "private" not in caplog.text


def test_a_busy_reply_says_when_to_retry() -> None:
    assert (BUSY.status, BUSY.headers) == (503, (("Retry-After", "5"),))
