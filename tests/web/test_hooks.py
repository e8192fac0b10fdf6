"""What the door makes of a request; over real sockets it is tried in `test_hostile_clients.py`."""

from __future__ import annotations

from typing import cast

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from bridge.intake import UNKNOWN, Intake
from bridge.model import Reply, Request
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.settings import Proxies
from bridge.web.webhooks import BODY_LIMIT, WebhookApp

THANKS = Reply(202, b"thanks", "text/plain", (("X-Seen", "yes"),))


class Notes:
    """Stands where the intake does, and keeps what it is given."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Request]] = []
        self.rejected: list[tuple[str, int, Reason]] = []

    def reject(self, name: str, status: int, why: Reason, request: Request) -> None:
        assert (request.body, request.path_token) == (b"", None)
        self.rejected.append((name, status, why))

    def receive(self, name: str, request: Request) -> Reply:
        if name == "broken":
            raise ZeroDivisionError(f"{request.path_token}, {request.query}, {request.body!r}")
        self.taken.append((name, request))
        return Reply(int(name), b"") if name.isdigit() else THANKS


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def client(notes: Notes) -> Client:
    door = WebhookApp(Flask(__name__).wsgi_app, cast(Intake, notes), Proxies(hops=1), trust_local=True)
    return Client(door)


def told(answer: TestResponse) -> tuple[int, bytes]:
    return answer.status_code, answer.data


def test_a_webhook_comes_in_as_it_was_sent(client: Client, notes: Notes) -> None:
    answer = client.open(
        "/hooks/shop?a=%20&b",
        method="PUT",
        headers=[("X-Sign_ed", "1"), ("x-b", "2"), ("X-Forwarded-For", "9.9.9.9, 7.7.7.7")],
        data=b"\0\xff",
        content_type="text/odd; x=1",
        environ_overrides={"REMOTE_ADDR": "127.0.0.1"},
    )
    assert told(answer) == (202, b"thanks")
    assert (answer.content_type, answer.headers["X-Seen"]) == ("text/plain", "yes")
    ((name, request),) = notes.taken
    assert (name, request.method, request.query, request.body) == ("shop", "PUT", "a=%20&b", b"\0\xff")
    assert (request.client, request.path_token, request.local) == ("7.7.7.7", None, False)
    assert {
        ("X-Sign-Ed", "1"),
        ("X-B", "2"),
        ("Content-Type", "text/odd; x=1"),
        ("Content-Length", "2"),
    } < set(request.headers)


@pytest.mark.parametrize(("status", "line"), [(200, "200 OK"), (204, "204 No Content"), (299, "299 Unknown")])
def test_the_answer_has_the_status_that_the_source_says(client: Client, status: int, line: str) -> None:
    assert client.post(f"/hooks/{status}").status == line


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "TRACE", "SEARCH"])
def test_every_method_comes_to_its_source(client: Client, notes: Notes, method: str) -> None:
    assert told(client.open("/hooks/shop", method=method)) == (202, b"thanks")
    assert notes.taken[0][1].method == method


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
    client: Client, notes: Notes, path: str, token: str | None
) -> None:
    client.post(path)
    assert [(name, request.path_token) for name, request in notes.taken] == [("shop", token)]


@pytest.mark.parametrize(
    "path", ["/hooks/", "/hooks//shop", "/hooks/.shop", "/hooks/a b", f"/hooks/{'a' * 65}"]
)
def test_what_can_be_no_name_is_no_source(client: Client, notes: Notes, path: str) -> None:
    assert told(client.post(f"/hooks/{path}")) == (UNKNOWN.status, UNKNOWN.body)
    assert not notes.taken
    assert [(status, why) for _, status, why in notes.rejected] == [
        (404, Reason(WebhookCode.REJECTED_UNKNOWN))
    ]


@pytest.mark.parametrize("path", ["/", "/hooks", "/hooksmith", "/Hooks/shop", "/console/hooks/shop"])
def test_everything_else_goes_on_inside(client: Client, notes: Notes, path: str) -> None:
    answer = client.post(path)
    assert answer.status_code == 404
    assert b"<!doctype html>" in answer.data
    assert not notes.taken


def test_a_body_is_taken_to_the_limit_and_no_further(client: Client, notes: Notes) -> None:
    assert told(client.post("/hooks/shop", data=b" " * BODY_LIMIT))[0] == 202
    assert told(client.post("/hooks/shop", data=b" " * (BODY_LIMIT + 1))) == (413, b"body too large\n")
    assert [len(request.body) for _, request in notes.taken] == [BODY_LIMIT]
    assert notes.rejected == [("shop", 413, Reason(WebhookCode.REJECTED_TOO_LARGE))]


def test_a_fault_of_our_own_is_answered_counted_and_logged_without_what_was_sent(
    client: Client, notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.post("/hooks/broken/private?private", data=b"private")
    assert told(answer) == (500, b"internal error\n")
    assert notes.rejected == [("broken", 500, Reason(WebhookCode.REJECTED_FAULT))]
    assert "a fault in the bridge itself, at a webhook for broken" in caplog.text
    assert "in receive\n    raise ZeroDivisionError" in caplog.text
    assert caplog.text.endswith("ZeroDivisionError\n")
    assert "private" not in caplog.text
