"""Stored events as their source reads them now: replay, backtest and explain see what the playground sees."""

from __future__ import annotations

from bridge.errors import DocumentError
from bridge.model import Event, Request
from bridge.store.reports.event_views import StoredEvent
from bridge.webhook.source import Source


class Rereader:
    """Reads stored events again. A batch is decoded once for the events of it that follow one another."""

    def __init__(self) -> None:
        self._last: tuple[Source, Request, tuple[Event, ...]] | None = None

    def event(self, source: Source, stored: StoredEvent) -> Event | None:
        """The event by the source as it is now; None where no document of it is kept."""
        if stored.event is None:
            return None
        return source.reread(stored.event, self._found(source, stored))

    def _found(self, source: Source, stored: StoredEvent) -> tuple[Event, ...]:
        """What the webhook holds now; nothing where it is purged, or cannot be read this way."""
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
