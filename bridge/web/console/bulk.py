"""Changes to many calls or events: a preview with an exact count, then the change, with its progress.

The page of a change is sent in parts while the change is made, so it needs no script. If the visitor leaves
the page, the change stops; what is done stays done.
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
"""Maximum number of items left unchanged that are listed."""
_STEPS: Final = 20


class ItemResult(NamedTuple):
    """The result for one call or event."""

    number: int
    why: str = ""
    """Why it was left unchanged; empty if it was changed."""
    calls: int = 0
    """How many calls the change added."""


@dataclass(slots=True)
class BulkChange:
    """One change to many items, made while `items` is iterated."""

    total: int
    items: Iterable[ItemResult]
    done: int = 0
    left: int = 0
    added: int = 0
    """Calls."""
    faults: list[ItemResult] = field(default_factory=list)
    """The first items that were left unchanged."""
    stopped: Reason | None = None
    """Why the change ended before the last item."""

    @property
    def seen(self) -> int:
        """How many items were handled so far."""
        return self.done + self.left

    def steps(self) -> Iterator[int]:
        """Make the change; yields how many items were handled, about `_STEPS` times."""
        every = max(1, self.total // _STEPS)
        try:
            for result in self.items:
                self._count(result)
                if self.seen % every == 0:
                    yield self.seen
        except BridgeError as error:
            self.stopped = error.whole

    def _count(self, result: ItemResult) -> None:
        self.added += result.calls
        if not result.why:
            self.done += 1
            return
        self.left += 1
        if len(self.faults) < SHOWN:
            self.faults.append(result)


def mark_of(numbers: Sequence[int]) -> str:
    """A digest of exactly these numbers. The form sends back the mark of what its visitor was shown."""
    return hashlib.sha256(",".join(map(str, numbers)).encode()).hexdigest()[:24]


def reason() -> str:
    """The reason given in the form, on one line; empty if there is none."""
    return " ".join(request.form.get("why", "").split())[:200]


def streamed(name: str, **values: Any) -> Response:
    """The page `console/NAME.html`, sent in parts as it is rendered."""
    parts = stream_template(f"console/{name}.html", **values)
    answer: Response = current_app.response_class(
        (part.encode("utf-8", "replace") for part in parts), mimetype="text/html"
    )
    # Otherwise nginx would buffer the whole page first.
    answer.headers["X-Accel-Buffering"] = "no"
    return answer
