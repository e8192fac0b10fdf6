"""What lies on the playground, a text as a mapping file and a payload: from a form or an address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from flask import g, request
from werkzeug.exceptions import RequestEntityTooLarge

from bridge.mapping.rules.apply import MappingFile
from bridge.model import Event, Request
from bridge.operations.authoring.draft import starter
from bridge.operations.authoring.mapping_folder import FolderFile, file_called, folder_files
from bridge.operations.authoring.payload import Payload, read_headers
from bridge.operations.authoring.save import digest
from bridge.operations.authoring.stored_payload import payload_of
from bridge.operations.redact import of_request
from bridge.operations.redact_stored import of_event, shown_lines
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.reports import event_views
from bridge.store.reports.event_views import EventFilter, EventLine, StoredEvent
from bridge.store.reports.pagination import Page
from bridge.web.console.routes import Console
from bridge.web.console.view.lists import asked
from bridge.webhook.redaction.redact import Redaction, either

LIMIT: Final = 1 << 20
"""Bytes of a text, and of a body."""
RECENT: Final = 20
"""Events of a source that are offered as payloads."""
_NEW: Final = "shop"


@dataclass(frozen=True, slots=True)
class PlaygroundForm:
    """What is tried, and against what."""

    text: str
    file: str = ""
    """The file's name within the folder; empty for one that is not there yet."""
    loaded: str = ""
    """The digest of the file as it was when the text was begun."""
    body: str = ""
    headers: str = ""
    query: str = ""
    event: int = 0
    """The stored event that is the payload; 0 for what was pasted."""

    def payload(self, console: Console) -> Request | Event | None:
        """The payload to try; one who may only look does not get secrets to see by it. Raises BridgeError."""
        if self.event:
            with console.side.store.read() as connection:
                stored = payload_of(connection, self.event)
            return stored if g.visitor.may_edit else self.as_it_was(console)
        if not (self.body or self.query):
            return None
        lines = (line for line in self.headers.splitlines() if line.strip())
        headers = read_headers(lines, Reason(ErrorCode.FIELD_HEADER))
        return Payload(self.body.encode(), headers, self.query.strip().removeprefix("?")).request("POST")

    def as_it_was(self, console: Console) -> Event | None:
        """The stored event as rules saw it when it came, its secrets hidden."""
        stored = self._stored(console)
        if stored is None or stored.event is None:
            return None
        return of_event(stored, console.side.mapping_loader.current.sources).event(stored.event)

    def hidden(
        self, console: Console, payload: Request | Event | None, edited: MappingFile | None
    ) -> Redaction:
        """What is not to be seen of the payload, by the edited text as well as by the file in use."""
        stored = self._stored(console)
        if stored is not None:
            sources = console.side.mapping_loader.current.sources
            both = (sources, {stored.line.source: edited}) if edited else (sources,)
            return either(*(of_event(stored, one) for one in both))
        if edited is None or not isinstance(payload, Request):
            return Redaction()
        return of_request(payload, edited)

    def _stored(self, console: Console) -> StoredEvent | None:
        if not self.event:
            return None
        with console.side.store.read() as connection:
            return event_views.event(connection, self.event)


def from_address(console: Console) -> PlaygroundForm:
    """Begun by a link: `?source=` or `?file=`, and `?event=`."""
    event = _number(asked("event") or "")
    source = asked("source") or asked("file") or (_source_of(console, event) if event else "")
    file = file_called(console.side.settings, console.side.mapping_loader.latest, source) if source else None
    if file is None or file.accounts:
        return PlaygroundForm(
            starter(console.side.settings, source if source.isidentifier() else _NEW, "json").text,
            event=event,
        )
    return replace(_with(file), event=event)


def from_form() -> PlaygroundForm:
    """What the form has; raises RequestEntityTooLarge."""
    form = request.form
    given = {name: form.get(name, "").replace("\r\n", "\n") for name in ("text", "body", "headers", "query")}
    if any(len(text.encode("utf-8", "replace")) > LIMIT for text in given.values()):
        raise RequestEntityTooLarge
    return PlaygroundForm(
        **given,
        file=form.get("file", ""),
        loaded=form.get("loaded", ""),
        event=_number(form.get("event", "")),
    )


def path_of(console: Console, form: PlaygroundForm, source: str) -> str:
    """Where the text stands in the mapping folder, or would stand as the file of this source."""
    files = {
        one.name: one.path for one in folder_files(console.side.settings, console.side.mapping_loader.latest)
    }
    return files.get(form.file) or str(Path(console.side.settings.mappings) / f"{source}.yml")


def recent(console: Console, source: str) -> tuple[EventLine, ...]:
    """The newest events of a source, or of all, to choose a payload from."""
    with console.side.store.read() as connection:
        found = event_views.page_of_events(connection, EventFilter(source=source or None), Page(None, RECENT))
        return shown_lines(connection, found.items, console.side.mapping_loader.current.sources)


def _with(file: FolderFile) -> PlaygroundForm:
    return PlaygroundForm(file.text.decode("utf-8", "replace"), file.name, digest(file.text))


def _source_of(console: Console, event: int) -> str:
    with console.side.store.read() as connection:
        return event_views.event(connection, event).line.source


def _number(text: str) -> int:
    return int(text[:18]) if text.isascii() and text.isdigit() else 0
