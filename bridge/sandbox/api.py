"""`POST /api/v1/<token>/bot.startWithVariables`, answered as documented where documented, else as inferred.

Neither the good answer nor the bad ones of this method are documented. The good one follows `recurrent.info`
of the same API: a bare JSON object, flags as 0/1, times with microseconds. The bad ones follow Laravel: 422
with `message` and `errors` for a caller that accepts JSON, a redirect for one that does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.sandbox.checks import Errors, Start, check
from bridge.sandbox.faults import Fault, fail, page
from bridge.sandbox.http import Request, Response, encode, json_response
from bridge.sandbox.parameters import Parameters, read
from bridge.sandbox.sending import End, Sending
from bridge.sandbox.state import Call, Memory, Status, timestamp

METHOD = "bot.startWithVariables"

_REASONS = {
    Status.UNSUBSCRIBED: "Отписан: subscriber is unsubscribed, the bot starts only with forced=true",
    Status.BLOCKED: "Запретил писать сообщения: subscriber blocked messages, no bot can reach them",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a call comes to as long as nothing fails."""

    answer: Response
    runs: bool


@dataclass(frozen=True, slots=True)
class Api:
    """The method, over one memory."""

    memory: Memory
    tokens: frozenset[str]
    """The tokens that are good; empty: any but the empty one."""
    latency: float
    """Seconds that every answer takes longer."""
    clock: Callable[[], float]
    """Unix seconds."""

    def call(self, token: str, request: Request) -> Sending:
        """Judge, run, answer and remember one call."""
        now = self.clock()
        head = request.head
        parameters = read(head.query, head.headers.get("content-type"), request.body)
        judgement = self._judge(token, parameters, now, wants_json=head.headers.wants_json)
        fault = self.memory.faults.take()
        runs = judgement.runs and (fault is None or fault.ran)
        sending, status = self._answer(judgement.answer, fault, keep_alive=head.keep_alive)
        empty = not parameters.values and not parameters.faults
        listed = self.memory.probes if empty else self.memory.calls
        listed.append(Call(now, token, parameters.values, runs, status))
        return sending

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
    ) -> tuple[Sending, int | None]:
        if fault is not None:
            failed = fail(fault, answer, latency=self.latency, keep_alive=keep_alive)
            return failed.sending, failed.status
        end = End.KEEP if keep_alive else End.CLOSE
        return Sending((encode(answer, keep_alive=keep_alive),), end, after=self.latency), answer.status


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
