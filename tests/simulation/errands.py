"""What must hold of errands: written down a second time, from what was committed only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.simulation.known import PENDING, Known, require
from tests.simulation.memory import Ended


@dataclass(slots=True)
class Errands:
    """Follows cancellations, marks and replacements from commit to commit."""

    calls: dict[int, Known]
    last: int = 0
    """The number of the last cancellation that was seen."""
    marks: dict[tuple[str, str, bool], int] = field(default_factory=dict)
    """Until when new calls are cancelled, by account, key and shadow."""
    cancelling: set[tuple[str, str, bool]] = field(default_factory=set)
    """What this commit cancels."""
    before: dict[int, str] = field(default_factory=dict)
    """The states of all calls of errands before this commit."""

    def begin(self, ended: Sequence[Ended]) -> None:
        """A commit with these cancellations is about to be looked at."""
        self.cancelling = {(one.account, one.key, bool(one.shadow)) for one in ended}
        self.before = {number: call.state for number, call in self.calls.items() if call.errand}
        for number, name in self.before.items():
            if _key(self.calls[number]) in self.cancelling and name in ("sending", "uncertain"):
                self.calls[number].cancelled = True

    def born(self, number: int, state: str, now: int) -> None:
        """A call was made; one whose errand is marked is cancelled at once."""
        call = self.calls[number]
        if call.errand and not call.parent and self.marks.get(_key(call), 0) > now:
            require(state == "cancelled", f"call {number} is {state} though its errand is cancelled")

    def may_cancel(self, number: int, now: int) -> bool:
        """Whether there is a cause: its errand is or was cancelled, it is replaced, or a due shadow."""
        call = self.calls[number]
        replaced = any(
            n > number and n not in self.before and self._twins(one, call) and one.again == "replace"
            for n, one in self.calls.items()
        )
        by_event = _key(call) in self.cancelling and call.errand != ""
        return by_event or replaced or call.cancelled or (call.shadow and call.wanted_at <= now)

    def end(self, ended: Sequence[Ended], now: int) -> None:
        """The commit was looked at: each cancellation did what it says, and nothing was left out."""
        for one in ended:
            self.last = one.number
            key = (one.account, one.key, bool(one.shadow))
            if one.lasts:
                self.marks[key] = max(self.marks.get(key, 0), now + one.lasts * 1000)
            self._require_true(one, key)
        self._require_alone()

    def _require_true(self, one: Ended, key: tuple[str, str, bool]) -> None:
        for number, before in self.before.items():
            call = self.calls[number]
            if _key(call) != key:
                continue
            where = f"event {one.event} cancels {one.key}: call {number} was {before} and is {call.state}"
            told = one.effects.get(number, "")
            if before in PENDING:
                require(call.state == "cancelled", where)
            elif before == "sending":
                require((call.state, told) == ("sending", "too_late"), f"{where}, told {told}")
            else:
                require(call.state == before and told != "cancelled", f"{where}, told {told}")

    def _require_alone(self) -> None:
        """Of calls that replace each other, or keep each other away, one waits."""
        fresh = [
            (number, call)
            for number, call in self.calls.items()
            if call.again in ("keep", "replace") and call.state in PENDING and not call.tries
        ]
        seen: dict[tuple[str, str, bool], int] = {}
        for number, call in fresh:
            other = seen.setdefault(_key(call), number)
            require(other == number, f"calls {other} and {number} of {call.errand} wait both")

    def _twins(self, one: Known, other: Known) -> bool:
        return one.errand != "" and _key(one) == _key(other)


def _key(call: Known) -> tuple[str, str, bool]:
    return call.account, call.errand, call.shadow
