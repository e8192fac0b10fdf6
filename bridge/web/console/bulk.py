"""Changes to many calls or events: a preview with an exact count, then the change.

A request makes as much of the change as it has time for. Its page has a form that makes the rest, which the
script sends at once. If the visitor leaves the page, the change stops; what is done stays done.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from flask import request

from bridge.errors import BridgeError
from bridge.operations.batches import AT_ONCE
from bridge.reasons.reason import Reason

SHOWN: Final = 50
"""Maximum number of items left unchanged that are listed."""
SECONDS: Final = 8.0
"""After this time a request begins no further batch: it must end within 20 s."""


class ItemResult(NamedTuple):
    """The result for one call or event."""

    number: int
    why: str = ""
    """Why it was left unchanged; empty if it was changed."""
    calls: int = 0
    """How many calls the change added."""


@dataclass(slots=True)
class BulkChange:
    """One change to many items, as far as it was made."""

    rest: Sequence[int]
    """Items that were not reached."""
    change: Callable[[Sequence[int]], Iterable[ItemResult]]
    """Changes one batch."""
    done: int = 0
    left: int = 0
    added: int = 0
    """Calls."""
    faults: list[ItemResult] = field(default_factory=list)
    """The first items that this request left unchanged."""
    last: int = 0
    """The last item that was reached."""
    stopped: Reason | None = None
    """Why the change ended before the last item."""

    def make(self, clock: Callable[[], float] = time.monotonic) -> BulkChange:
        """Change batches until `SECONDS` have passed; at least one."""
        deadline = clock() + SECONDS
        try:
            while self.rest:
                for result in self.change(self.rest[:AT_ONCE]):
                    self._count(result)
                self.rest = self.rest[AT_ONCE:]
                if clock() >= deadline:
                    break
        except BridgeError as error:
            self.stopped = error.whole
        return self

    @property
    def continuation(self) -> dict[str, str | int]:
        """The fields of the form that makes the rest."""
        given = {name: value for name, value in request.form.items() if name != "csrf"}
        numbers = {name: getattr(self, name) for name in _CARRIED}
        return {**given, **numbers, "mark": mark_of(self.rest), "count": len(self.rest)}

    def _count(self, result: ItemResult) -> None:
        self.added += result.calls
        self.last = result.number
        if not result.why:
            self.done += 1
            return
        self.left += 1
        if len(self.faults) < SHOWN:
            self.faults.append(result)


_CARRIED: Final = ("done", "left", "added", "last")


def change_all(numbers: Sequence[int], change: Callable[[Sequence[int]], Iterable[ItemResult]]) -> BulkChange:
    """Change these items, or go on with a change that the form has begun."""
    done, left, added, last = map(_carried, _CARRIED)
    return BulkChange(numbers, change, done, left, added, last=last).make()


def not_reached(numbers: Sequence[int]) -> list[int]:
    """Those of these ascending numbers that the change of this form has not reached yet."""
    last = _carried("last")
    return [number for number in numbers if number > last]


def _carried(name: str) -> int:
    return request.form.get(name, 0, type=int)


def mark_of(numbers: Sequence[int]) -> str:
    """A digest of exactly these numbers. The form sends back the mark of what its visitor was shown."""
    return hashlib.sha256(",".join(map(str, numbers)).encode()).hexdigest()[:24]


def reason() -> str:
    """The reason given in the form, on one line; empty if there is none."""
    return " ".join(request.form.get("why", "").split())[:200]
