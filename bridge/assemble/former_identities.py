"""Sources whose `event:` has changed: former ids identify repeats, for as long as senders may repeat."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

from bridge.errors import StoreUnavailable
from bridge.mapping.compile.compiler import Compiled
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store
from bridge.store.inbox import identities
from bridge.store.inbox.identities import Declared
from bridge.text.times import clock
from bridge.webhook.former_identity import former_source
from bridge.webhook.source import Source

log = logging.getLogger(__name__)


@dataclass(slots=True)
class FormerIds:
    """The former identities of sources, each with the time until which it counts."""

    store: Store
    known: dict[str, tuple[tuple[Source, int], ...]] = field(default_factory=dict)
    _seen: Compiled | None = None

    def of(self, source: Source, now: int) -> tuple[Source, ...]:
        """The former identities of a source that count at `now`, in unix milliseconds.

        If the source is of a newer set than the last `update`, its identity in the last set counts as former.
        Raises StoreUnavailable before the first `update`.
        """
        seen = self._seen
        if seen is None:
            raise StoreUnavailable(Reason(ErrorCode.FORMER_IDS_UNKNOWN))
        last = seen.sources.get(source.name)
        found = tuple(one for one, until in self.known.get(source.name, ()) if until > now)
        if last is None or last.source.event == source.event:
            return found
        before = last.source
        last_one = replace(source, event=before.event, event_id=before.event_id, event_type=before.event_type)
        return (last_one, *(one for one in found if one.event != source.event))

    def update(self, current: Compiled) -> None:
        """Record the identities of a new set of mapping files; call it again after StoreUnavailable."""
        if current is self._seen or not current.valid:
            return
        sources = {name: mapping.source for name, mapping in current.sources.items()}
        declared = {name: Declared(one.event, one.dedup.without_id) for name, one in sources.items()}
        known = {}
        for name, before in identities.record(self.store, declared).items():
            made = [(former_source(sources[name], one.event), one.until) for one in before]
            known[name] = tuple((source, until) for source, until in made if source is not None)
            log.info(
                "the event of %s has changed: its former ids also count until %s UTC",
                name, clock(max(one.until for one in before)),
            )  # fmt: skip
        self.known, self._seen = known, current
