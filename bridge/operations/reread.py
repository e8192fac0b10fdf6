"""Reads stored events again with their current source, as the playground does."""

from __future__ import annotations

from bridge.errors import DocumentError
from bridge.model import Event, Request
from bridge.store.reports.event_views import StoredEvent
from bridge.webhook.source import Source


class Rereader:
    """Reads stored events again. Consecutive events of one batch are decoded only once."""

    def __init__(self) -> None:
        self._last: tuple[Source, Request, tuple[Event, ...]] | None = None

    def event(self, source: Source, stored: StoredEvent) -> Event | None:
        """The event as the source reads it now; None if its document is not stored."""
        if stored.event is None:
            return None
        return source.reread(stored.event, self._found(source, stored))

    def _found(self, source: Source, stored: StoredEvent) -> tuple[Event, ...]:
        """The events of the webhook as read now; none if it is purged or cannot be read."""
        request = stored.request
        if request is None:
            return ()
        if self._last is None or self._last[0] is not source or self._last[1] != request:
            try:
                found = source.events(request, stored.line.received_at)
            except DocumentError:
                found = ()
            self._last = (source, request, found)
        return self._last[2]
