"""`POST /api/v1/<token>/bot.startWithVariables`, answered as documented, otherwise as inferred.

No answer of this method is documented. Success follows `recurrent.info` of the same API: a bare JSON object,
flags as 0/1, times with microseconds. Errors follow Laravel: 422 with `message` and `errors` if the caller
accepts JSON, otherwise a redirect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.sandbox.checks import Errors, Start, check
from bridge.sandbox.faults import Fault, fail, page
from bridge.sandbox.parameters import Parameters, read
from bridge.sandbox.request import Request
from bridge.sandbox.response import RawResponse, Response, encode, end_of, json_response
from bridge.sandbox.state import Call, Memory, Status, timestamp

METHOD = "bot.startWithVariables"

_REASONS = {
    Status.UNSUBSCRIBED: "Отписан: subscriber is unsubscribed, the bot starts only with forced=true",
    Status.BLOCKED: "Запретил писать сообщения: subscriber blocked messages, no bot can reach them",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of a call unless a fault is due."""

    answer: Response
    runs: bool


@dataclass(frozen=True, slots=True)
class Api:
    """The method `bot.startWithVariables`."""

    memory: Memory
    tokens: frozenset[str]
    """The tokens that are accepted; empty: any but the empty one."""
    latency: float
    """Seconds that every response is delayed."""
    clock: Callable[[], float]
    """Unix seconds."""

    def call(self, token: str, request: Request) -> RawResponse:
        """Judge, run, answer and record one call."""
        now = self.clock()
        parameters = read(request.query, request.header(b"content-type"), request.body)
        judgement = self._judge(token, parameters, now, wants_json=request.wants_json)
        fault = self.memory.faults.take()
        runs = judgement.runs and (fault is None or fault.ran)
        response, status = self._answer(judgement.answer, fault, keep_alive=request.keep_alive)
        empty = not parameters.values and not parameters.faults
        calls = self.memory.probes if empty else self.memory.calls
        calls.append(Call(now, token, parameters.values, runs, status))
        return response

    def _judge(self, token: str, parameters: Parameters, now: float, *, wants_json: bool) -> Judgement:
        if not token or (self.tokens and token not in self.tokens):
            return Judgement(_unauthenticated(wants_json=wants_json), runs=False)
        if parameters.faults:
            return Judgement(
                _invalid({"parameters": list(parameters.faults)}, wants_json=wants_json), runs=False
            )
        start = check(parameters.values)
        if not isinstance(start, Start):
            return Judgement(_invalid(start, wants_json=wants_json), runs=False)
        status = self.memory.status_of(start)
        if status is Status.BLOCKED or (status is Status.UNSUBSCRIBED and not start.forced):
            recipient = "user_id" if start.subscriber_id is None else "subscriber_id"
            return Judgement(_invalid({recipient: [_REASONS[status]]}, wants_json=wants_json), runs=False)
        return Judgement(_started(start, now), runs=True)

    def _answer(
        self, answer: Response, fault: Fault | None, *, keep_alive: bool
    ) -> tuple[RawResponse, int | None]:
        if fault is not None:
            return fail(fault, answer, latency=self.latency, keep_alive=keep_alive)
        data = encode(answer, keep_alive=keep_alive)
        return RawResponse((data,), end_of(keep_alive=keep_alive), delay=self.latency), answer.status


def _started(start: Start, now: float) -> Response:
    if start.subscriber_id is None:
        recipient: dict[str, object] = {"user_id": start.user_id, "channel_id": start.channel_id}
    else:
        recipient = {"subscriber_id": start.subscriber_id}
    document = {"bot_id": start.bot_id, **recipient, "started": 1, "started_at": timestamp(now)}
    return json_response(200, document)


def _invalid(errors: Errors, *, wants_json: bool) -> Response:
    if not wants_json:
        return _redirect("/")
    sentences = [sentence for field in errors.values() for sentence in field]
    more = f" (and {len(sentences) - 1} more)" if len(sentences) > 1 else ""
    return json_response(422, {"message": sentences[0] + more, "errors": errors})


def _unauthenticated(*, wants_json: bool) -> Response:
    return json_response(401, {"message": "Unauthenticated"}) if wants_json else _redirect("/login")


def _redirect(location: str) -> Response:
    return Response(
        302, page(f"Redirecting to {location}"), "text/html; charset=utf-8", (("Location", location),)
    )
