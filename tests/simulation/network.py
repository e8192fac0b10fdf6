"""A LeadConverter and a network that fail in every way of delivery's table, as a seed decides.

Each answer says by hand, from the table and not from the code, what it means and whether the bot ran.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from bridge.dispatch.http.exchange import Exchange, Phase
from tests.support.reasons import because

Meaning = Literal["done", "refused", "retry", "pause", "uncertain"]
Ran = Literal["yes", "no", "maybe"]

JSON = {"content-type": "application/json"}
HTML = {"content-type": "text/html; charset=utf-8"}
PAGE = b"<!DOCTYPE html><html><title>Login</title></html>"
DEADLINE_MS = 20_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One way in which an attempt may end."""

    name: str
    meaning: Meaning
    ran: Ran
    seen: Exchange
    slow: bool = False
    """It takes the whole of the attempt's deadline."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one attempt. Milliseconds after its first byte."""

    answer: Answer
    handed_over: int
    """When the last byte has left; None of it runs if the process dies sooner."""
    runs: int | None
    """When LeadConverter runs it; None: it does not."""
    ends: int


def whole(status: int, body: bytes = b'{"message":"x"}', headers: dict[str, str] = JSON) -> Exchange:
    return Exchange(Phase.COMPLETE, sent=300, total=300, status=status, headers=headers, body=body)


def unsent(phase: Phase, fault: str, sent: int = 0, *, bad_certificate: bool = False) -> Exchange:
    return Exchange(phase, because(fault), bad_certificate=bad_certificate, sent=sent, total=300)


def silent(fault: str, cause: str) -> Exchange:
    return Exchange(Phase.WAITING, because(fault), sent=300, total=300, cause=cause)


def waiting(status: int, seconds: int) -> Exchange:
    return whole(status, headers={**JSON, "retry-after": str(seconds)})


GOOD = (
    Answer("200 json", "done", "yes", whole(200, b'{"success":true}')),
    Answer("200 empty", "done", "yes", whole(200, b"", {})),
    Answer("201 text", "done", "yes", whole(201, b"ok", {"content-type": "text/plain"})),
)
UNREACHABLE = (
    Answer("no name", "retry", "no", unsent(Phase.RESOLVING, "the name is not known")),
    Answer("refused", "retry", "no", unsent(Phase.CONNECTING, "connection refused")),
    Answer("connect timeout", "retry", "no", unsent(Phase.CONNECTING, "timed out"), slow=True),
    Answer("tls", "retry", "no", unsent(Phase.TLS, "the handshake failed")),
    Answer("half sent", "retry", "no", unsent(Phase.SENDING, "broken pipe", 120)),
)
DOUBTFUL = (
    Answer("reset", "uncertain", "maybe", silent("the connection was reset", "reset")),
    Answer("eof", "uncertain", "maybe", silent("the connection was closed unanswered", "eof")),
    Answer("timeout", "uncertain", "maybe", silent("nothing came in 20 s", "timeout"), slow=True),
    Answer("200 html", "uncertain", "maybe", whole(200, PAGE, HTML)),
    Answer(
        "200 cut",
        "uncertain",
        "yes",
        Exchange(
            Phase.READING, because("the answer was cut short"), sent=300, total=300, status=200, headers=JSON
        ),
    ),
    Answer(
        "500 cut",
        "uncertain",
        "maybe",
        Exchange(
            Phase.READING, because("the answer was cut short"), sent=300, total=300, status=500, headers=JSON
        ),
    ),
)
BROKEN = (
    Answer("500 ran", "uncertain", "yes", whole(500)),
    Answer("500", "uncertain", "no", whole(500)),
    Answer("502", "uncertain", "maybe", whole(502, PAGE, HTML)),
    Answer("504", "uncertain", "maybe", waiting(504, 5)),
    Answer("599", "uncertain", "no", whole(599, b"", {})),
)
"""Complete; after some of them the bot was started. An account with `server_error: retry` takes that risk."""
GATEWAY = (Answer("502 of a proxy", "uncertain", "maybe", whole(502, PAGE, HTML)),)
FAILING = (
    Answer("503", "retry", "no", whole(503)),
    Answer("503 wait", "retry", "no", waiting(503, 7)),
    Answer("408", "retry", "no", whole(408)),
    Answer("425", "retry", "no", whole(425)),
)
PACED = (
    Answer("429", "retry", "no", whole(429)),
    Answer("429 wait", "retry", "no", waiting(429, 3)),
    Answer("200 says 429", "retry", "no", whole(200, b'{"success":false,"message":"Too Many Requests"}')),
)
REFUSING = (
    Answer("422", "refused", "no", whole(422, b'{"errors":{"bot_id":["no such bot"]}}')),
    Answer("400", "refused", "no", whole(400)),
    Answer("200 says no", "refused", "no", whole(200, b'{"success":false,"message":"no such subscriber"}')),
    Answer("409", "refused", "no", whole(409)),
    Answer("501", "refused", "no", whole(501)),
)
DENYING = (
    Answer("403", "refused", "no", whole(403)),
    Answer("404", "refused", "no", whole(404)),
    Answer("410", "refused", "no", whole(410)),
)
PAUSING = (
    Answer("401", "pause", "no", whole(401)),
    Answer("certificate", "pause", "no", unsent(Phase.TLS, "expired", bad_certificate=True)),
    Answer("302", "refused", "no", whole(302, PAGE, {**HTML, "location": "/login"})),
)
EVERY = GOOD + UNREACHABLE + DOUBTFUL + BROKEN + FAILING + PACED + REFUSING + DENYING + PAUSING
WELL = Answer("422 to nothing", "refused", "no", whole(422, b'{"errors":{"bot_id":["required"]}}'))
"""What a LeadConverter that is well answers to a request without parameters."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How LeadConverter and the way to it are for a while: each group with its weight."""

    name: str
    groups: tuple[tuple[float, Sequence[Answer]], ...]

    def answer(self, random: Random) -> Answer:
        group = random.choices([group for _, group in self.groups], [weight for weight, _ in self.groups])[0]
        return random.choice(group)

    def probe(self, random: Random) -> Answer:
        """What a request without parameters gets: the same faults as a call, but it never starts a bot."""
        answer = self.answer(random)
        return WELL if answer in GOOD else answer


def may_try(answer: Answer) -> bool:
    """Whether calls may be risked after a probe with this answer: by hand, from delivery's page."""
    status = answer.seen.status
    if status is None:
        return answer.meaning == "pause"
    return status < 500 and answer.meaning != "uncertain"


FAIR = Weather("fair", ((1, GOOD),))
WEATHERS = (
    FAIR,
    Weather(
        "mixed",
        (
            *((6, GOOD), (1, UNREACHABLE), (2, DOUBTFUL), (1, FAILING), (1, BROKEN)),
            *((1, PACED), (1, REFUSING)),
        ),
    ),
    Weather("anything", ((1, EVERY),)),
    Weather("doubtful", ((1, GOOD), (3, DOUBTFUL))),
    Weather("down", ((1, UNREACHABLE),)),
    Weather("behind a proxy", ((1, GATEWAY),)),
    Weather("behind a proxy that flaps", ((1, GOOD), (12, GATEWAY))),
    Weather("failing", ((1, GOOD), (3, FAILING), (2, BROKEN))),
    Weather("throttled", ((2, GOOD), (2, PACED))),
    Weather("denied", ((1, GOOD), (6, DENYING))),
    Weather("locked out", ((1, GOOD), (2, PAUSING))),
)


def fate(answer: Answer, random: Random, *, brisk: bool) -> Fate:
    """When the parts of an attempt with this answer happen; `brisk` while nothing is slow."""
    handed_over = random.randint(1, 40)
    lasts = random.choice((5, 50, 300) if brisk else (5, 50, 300, 2000, 15_000))
    ends = DEADLINE_MS if answer.slow else handed_over + lasts
    ran = answer.ran == "yes" or (answer.ran == "maybe" and random.random() < 0.5)
    late = answer.slow and random.random() < 0.3
    runs = random.randint(handed_over, ends + 5_000 if late else ends) if ran else None
    return Fate(answer, handed_over, runs, ends)
