"""Faults on request: what to ask for, and the bytes of each."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bridge.sandbox.response import End, RawResponse, Response, encode, end_of, json_response


class Kind(StrEnum):
    """How LeadConverter can fail."""

    TIMEOUT = "timeout"
    """Reads the request and sends nothing."""
    RESET = "reset"
    """Reads the request and resets the connection."""
    SLOW = "slow"
    """The true answer, a byte at a time."""
    INTERNAL = "500"
    GATEWAY = "502"
    UNAVAILABLE = "503"
    THROTTLED = "429"
    UNAUTHENTICATED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    INVALID = "422"
    HTML = "html"
    """200 with a page, like a login page or a firewall."""
    REDIRECT = "redirect"
    """302 to a page, like Laravel if the caller does not ask for JSON."""
    TRUNCATED = "truncated"
    """The true answer, cut in the middle of its body."""
    GARBAGE = "garbage"
    """Bytes that are not HTTP."""
    ANSWER = "answer"
    """Any answer, to see how the bridge judges it."""


TRUE_ANSWERS = frozenset({Kind.SLOW, Kind.TRUNCATED})
"""These damage the true answer and do not replace it, so the bot runs unless the fault says otherwise."""
SECONDS = {Kind.TIMEOUT: 300.0, Kind.SLOW: 30.0}
"""Default `seconds`: longer than any caller should wait."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault for the next `times` calls."""

    kind: Kind
    times: int | None = 1
    """None: until the faults are deleted."""
    ran: bool = False
    """Whether the bot runs before the fault shows."""
    retry_after: str | None = None
    """Sent as Retry-After if the fault is an answer."""
    seconds: float = 0.0
    """How long `timeout` sends nothing, and how long `slow` takes for its bytes."""
    answer: Response = field(default_factory=lambda: Response(200))
    """What `answer` sends."""

    def as_json(self) -> dict[str, object]:
        return {
            "kind": self.kind.value,
            "times": self.times,
            "ran": self.ran,
            "retry_after": self.retry_after,
            "seconds": self.seconds,
            **(self._answer() if self.kind is Kind.ANSWER else {}),
        }

    def _answer(self) -> dict[str, object]:
        return {
            "status": self.answer.status,
            "body": self.answer.body.decode(),
            "type": self.answer.content_type,
        }


class FaultQueue:
    """Faults in the order of their requests; the first is used up before the second begins."""

    def __init__(self) -> None:
        self._waiting: deque[Fault] = deque()

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def list(self) -> list[dict[str, object]]:
        """The remaining faults, `times` counted down."""
        return [fault.as_json() for fault in self._waiting]

    def take(self) -> Fault | None:
        """Remove and return the fault of the next call."""
        if not self._waiting:
            return None
        fault = self._waiting[0]
        if fault.times is not None:
            if fault.times == 1:
                self._waiting.popleft()
            else:
                self._waiting[0] = replace(fault, times=fault.times - 1)
        return fault


def fail(
    fault: Fault, true_answer: Response, *, latency: float, keep_alive: bool
) -> tuple[RawResponse, int | None]:
    """What is sent instead of the true answer, and its status; None if the caller sees no status."""
    end = end_of(keep_alive=keep_alive)
    data = encode(true_answer, keep_alive=keep_alive)
    match fault.kind:
        case Kind.TIMEOUT:
            return RawResponse((), End.CLOSE, delay=fault.seconds), None
        case Kind.RESET:
            return RawResponse((), End.RESET, delay=latency), None
        case Kind.GARBAGE:
            return RawResponse((_GARBAGE,), End.CLOSE, delay=latency), None
        case Kind.SLOW:
            interval = fault.seconds / len(data)
            return RawResponse(_bytes_of(data), end, latency, interval), true_answer.status
        case Kind.TRUNCATED:
            cut = data[: len(data) - (len(true_answer.body) + 1) // 2]
            return RawResponse((cut,), End.CLOSE, delay=latency), true_answer.status
        case _:
            answer = _with_retry_after(_ANSWERS.get(fault.kind, fault.answer), fault.retry_after)
            return RawResponse((encode(answer, keep_alive=keep_alive),), end, delay=latency), answer.status


def _bytes_of(data: bytes) -> list[bytes]:
    return [data[place : place + 1] for place in range(len(data))]


def _with_retry_after(answer: Response, retry_after: str | None) -> Response:
    if retry_after is None:
        return answer
    return replace(answer, headers=(*answer.headers, ("Retry-After", retry_after)))


def page(title: str) -> bytes:
    """A small HTML page."""
    head, body = f"<head><title>{title}</title></head>", f"<body><h1>{title}</h1></body>"
    return f"<!DOCTYPE html>\n<html>{head}{body}</html>\n".encode()


def _problem(status: int, message: str, **more: object) -> Response:
    return json_response(status, {"message": message, **more})


_HTML = "text/html; charset=utf-8"
_GARBAGE = b"\x15\x03\x03\x00\x02\x02\x28 this is not HTTP\r\n\r\n"
_ANSWERS = {
    Kind.INTERNAL: _problem(500, "Server Error"),
    Kind.GATEWAY: Response(502, page("502 Bad Gateway"), _HTML),
    Kind.UNAVAILABLE: _problem(503, "Service Unavailable"),
    Kind.THROTTLED: _problem(429, "Too Many Attempts"),
    Kind.UNAUTHENTICATED: _problem(401, "Unauthenticated"),
    Kind.FORBIDDEN: _problem(403, "This action is unauthorized"),
    Kind.NOT_FOUND: _problem(404, "Not Found"),
    Kind.INVALID: _problem(422, "bot_id: no such bot", errors={"bot_id": ["bot_id: no such bot"]}),
    Kind.HTML: Response(200, page("Вход в личный кабинет"), _HTML),
    Kind.REDIRECT: Response(302, page("Redirecting to /login"), _HTML, (("Location", "/login"),)),
}
