"""Changes to many calls or events: shown exactly before, told while they are made, one step after the other.

The page of a change comes in pieces as the work goes on, so that it needs no script, and nobody waits in
front of an empty window. Whoever leaves it stops the work; what is done stays done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from flask import Response, current_app, request, stream_template

from bridge.errors import BridgeError
from bridge.reasons.reason import Reason

SHOWN: Final = 50
"""Things that went another way than wanted, shown one by one."""
_STEPS: Final = 20


class Told(NamedTuple):
    """What became of one thing."""

    number: int
    why: str = ""
    """Why it was left as it was; empty where it was not."""
    calls: int = 0
    """How many calls that added."""


@dataclass(slots=True)
class BulkChange:
    """One change to many things, which is made as `things` are gone through."""

    total: int
    things: Iterable[Told]
    done: int = 0
    left: int = 0
    added: int = 0
    """Calls."""
    faults: list[Told] = field(default_factory=list)
    """The first of those that were left."""
    stopped: Reason | None = None
    """Why it ended before all were looked at."""

    @property
    def seen(self) -> int:
        """How many were looked at so far."""
        return self.done + self.left

    def steps(self) -> Iterator[int]:
        """Do it; how many were looked at, now and then."""
        every = max(1, self.total // _STEPS)
        try:
            for told in self.things:
                self._count(told)
                if self.seen % every == 0:
                    yield self.seen
        except BridgeError as error:
            self.stopped = error.whole

    def _count(self, told: Told) -> None:
        self.added += told.calls
        if not told.why:
            self.done += 1
            return
        self.left += 1
        if len(self.faults) < SHOWN:
            self.faults.append(told)


def mark_of(numbers: Sequence[int]) -> str:
    """Stands for exactly these things: a form carries what its visitor was shown."""
    return hashlib.sha256(",".join(map(str, numbers)).encode()).hexdigest()[:24]


def reason() -> str:
    """Why, as the form says; empty where it does not."""
    return " ".join(request.form.get("why", "").split())[:200]


def streamed(name: str, **values: Any) -> Response:
    """The page `console/NAME.html`, sent as it comes about."""
    parts = stream_template(f"console/{name}.html", **values)
    answer: Response = current_app.response_class(
        (part.encode("utf-8", "replace") for part in parts), mimetype="text/html"
    )
    # Else a proxy in front would collect the whole page first.
    answer.headers["X-Accel-Buffering"] = "no"
    return answer
