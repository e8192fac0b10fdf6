"""Notes what an alert is to report, in the transaction in which it happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from bridge.model import ALERT_SOURCE, Alerts, Call, State
from bridge.reasons.alerts import AlertCode
from bridge.reasons.reason import Reason
from bridge.store.queue.due_calls import Transaction
from bridge.store.state import alerts

Happened: TypeAlias = tuple[str, Reason]
"""A kind of alert, and what happened."""

KIND_OF: Final[Mapping[State, str]] = {
    State.UNCERTAIN: "uncertain",
    State.REFUSED: "refused",
    State.EXHAUSTED: "refused",
    State.EXPIRED: "refused",
}
"""A call that was given up is as bad as one that was refused: nobody got the message."""


@dataclass(frozen=True, slots=True)
class AlertEvents:
    """Notes what is wanted. `wanted` gives the owner's wishes as they are now."""

    wanted: Callable[[], Alerts] = Alerts

    def note(self, connection: Transaction, now: int, happened: Iterable[Happened]) -> None:
        """Last in a transaction, so that its locks are taken in the same order by all."""
        wanted = self.wanted()
        by_kind: defaultdict[str, list[Reason]] = defaultdict(list)
        for kind, what in happened:
            if wanted.wants(kind):
                by_kind[kind].append(what)
        alerts.note(connection, now, by_kind)


def of_call(call: Call, state: State, reason: Reason | None) -> list[Happened]:
    """What to report of a call that has come to this state; nothing of the call of an alert."""
    kind = KIND_OF.get(state)
    if kind is None or call.source == ALERT_SOURCE:
        return []
    return [(kind, Reason(AlertCode.OF_CALL, call=call.id, account=call.start.account, reason=reason))]
