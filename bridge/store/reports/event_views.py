"""Reads events: pages of them, or one with all details."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, literal_column, or_, select

from bridge.errors import BridgeError
from bridge.jsonpath.exact_numbers import from_json, to_json
from bridge.model import Event, Failure, Json, Match, Request, State, Verdict
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import from_document, from_text
from bridge.store.db.driver import AnyRow
from bridge.store.db.engine import Store
from bridge.store.db.tables import calls, events
from bridge.store.db.texts import plain
from bridge.store.inbox.request_rows import request_of
from bridge.store.reports import repeat_views, sources
from bridge.store.reports.pagination import (
    SEARCHED,
    Listing,
    Page,
    Selection,
    all_ids,
    literal,
    merged,
    newest,
    selection,
)
from bridge.store.reports.text_match import contains


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A filter for events; None matches any. Times are unix milliseconds, `until` is excluded."""

    source: str | None = None
    type: str | None = None
    result: str | None = None
    since: int | None = None
    until: int | None = None
    search: str | None = None
    """The sender's id; if no event has it, a part of the document."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Secrets that a search must not find, not even in part."""
    rule: str | None = None
    """A rule that matched, also if a value was missing."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """The summary of an event for lists, with its calls and their states."""

    id: int
    source: str
    key: str
    type: str
    received_at: int
    result: str
    error: Reason | None
    """Why its body could not be read or it was ignored, or which items of its webhook are in no event."""
    verified: Reason | None
    client: str
    calls: tuple[tuple[int, State], ...] = ()
    repeats: int = 0
    """How often it was repeated."""
    secrets: str | None = None
    """Where its source read secrets in it (`webhook.redaction.secrets`); None in rows from before."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event with all details. `event` is None if it could not be read, was ignored or is purged."""

    line: EventLine
    event: Event | None
    request: Request | None
    """The webhook as received; None if its bytes are purged."""
    rules_version: str
    """The version of the rules that made these verdicts and failures."""
    verdicts: tuple[Verdict, ...]
    failures: tuple[Failure, ...]
    omitted: int = 0
    """How many verdicts were not stored: of rules that neither matched nor almost matched."""


_NOT_MATCHED = events.c.result != literal_column("'matched'")
"""Written as in the partial index, which a query with a parameter would not use."""
LINE_COLUMNS = [events.c[name] for name in EventLine.__dataclass_fields__ if name not in ("calls", "repeats")]
"""The columns that `lines` needs."""


def page_of_events(connection: Connection, wanted: EventFilter, page: Page) -> Listing[EventLine]:
    """One page of the matching events, newest first.

    An index finds those of a source, a source and a type, a sender's id, and every result but "matched".
    A type without a source is looked up in every source. The rest of a filter is checked row by row.
    """
    if wanted.search is not None and _has_key(connection, wanted.search):
        found = newest(connection, LINE_COLUMNS, by_key(connection, wanted), page)
    elif wanted.type is not None and wanted.source is None:
        found = _of_any_source(connection, wanted, page)
    else:
        found = newest(connection, LINE_COLUMNS, event_selection(connection, wanted), page)
    return Listing(lines(connection, found.items), found.more, found.reached_at)


def lines(connection: Connection, rows: Sequence[Any]) -> tuple[EventLine, ...]:
    """Summaries of these rows of events, with their calls."""
    numbers = [row.id for row in rows]
    calls_by_event, again = _calls_of(connection, numbers), repeat_views.counts(connection, numbers)
    return tuple(_line(row, calls_by_event, again.get(row.id, 0)) for row in rows)


def scan(
    connection: Connection, wanted: EventFilter, after: int = 0, limit: int = 200
) -> tuple[StoredEvent, ...]:
    """Matching events with an id above `after`, oldest first, with all details."""
    selection = event_selection(connection, wanted).within(after + 1)
    query = select(events).where(*selection.conditions).order_by(events.c.id).limit(limit)
    rows = connection.execute(query).all()
    return tuple(_stored(connection, row, {}) for row in rows)


def ids_of_events(store: Store, wanted: EventFilter) -> Iterator[list[int]]:
    """The ids of all events that a list would show, oldest first, in batches."""

    def as_listed(connection: Connection) -> Selection:
        if wanted.search is not None and _has_key(connection, wanted.search):
            return by_key(connection, wanted)
        return event_selection(connection, wanted)

    return all_ids(store, events, as_listed)


def event(connection: Connection, number: int) -> StoredEvent:
    """One event; raises BridgeError if there is none of that id."""
    row = connection.execute(select(events).where(events.c.id == number)).one_or_none()
    if row is None:
        raise BridgeError(Reason(ErrorCode.NO_EVENT, number=number), Reason(ErrorCode.LIST_EVENTS))
    again = repeat_views.counts(connection, [number])
    stored = _stored(connection, row, _calls_of(connection, [number]))
    return replace(stored, line=replace(stored.line, repeats=again.get(number, 0)))


def event_selection(connection: Connection, wanted: EventFilter) -> Selection:
    """The selection of rows that match the filter."""
    by, checks = _split(wanted)
    if wanted.rule is not None:
        checks.append(_of_rule(wanted.rule))
    if wanted.search is not None:
        is_key = events.c.key == plain(wanted.search)
        checks.append(or_(is_key, contains(connection, events.c.document, wanted.search, wanted.secrets)))
    return selection(
        connection, events, events.c.received_at, by=by, checks=checks, since=wanted.since, until=wanted.until
    )


def _split(wanted: EventFilter) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """Conditions on single columns: those of the most selective index, and the others."""
    source = [] if wanted.source is None else [events.c.source == plain(wanted.source)]
    kind = [] if wanted.type is None else [events.c.type == plain(wanted.type)]
    result = [] if wanted.result is None else [events.c.result == wanted.result]
    if wanted.result in ("failed", "unreadable") or (result and wanted.result != "matched" and not source):
        return [*result, _NOT_MATCHED], [*source, *kind]
    return ([*source, *kind], result) if source else ([], [*kind, *result])


def by_key(connection: Connection, wanted: EventFilter) -> Selection:
    """Events whose sender's id is the searched text, with the rest of the filter checked row by row."""
    rest = event_selection(connection, replace(wanted, search=None))
    same = events.c.key == plain(wanted.search or "")
    return replace(rest, by=(same,), checks=(*rest.by, *rest.checks))


def _of_any_source(connection: Connection, wanted: EventFilter, page: Page) -> Listing[AnyRow]:
    names = sources.last_received(connection)
    lists = [
        newest(
            connection,
            LINE_COLUMNS,
            event_selection(connection, replace(wanted, source=name)),
            page,
            SEARCHED // len(names),
        )
        for name in names
    ]
    return merged(lists, page)


def _of_rule(rule: str) -> ColumnElement[bool]:
    """A condition on the verdicts as `events.verdicts_text` writes them: the rule matched."""
    name = to_json(plain(rule))
    patterns = (literal(f'[{name},"{match}",') for match in (Match.MATCHED, Match.FAILED))
    return or_(*(events.c.verdicts.like(pattern, escape="\\") for pattern in patterns))


def _has_key(connection: Connection, key: str) -> bool:
    query = select(events.c.id).where(events.c.key == plain(key)).limit(1)
    return connection.execute(query).one_or_none() is not None


def _calls_of(connection: Connection, ids: list[int]) -> dict[int, tuple[tuple[int, State], ...]]:
    query = select(calls.c.event_id, calls.c.id, calls.c.state).where(calls.c.event_id.in_(ids))
    found: dict[int, tuple[tuple[int, State], ...]] = {}
    for event_id, number, state in connection.execute(query.order_by(calls.c.id)):
        found[event_id] = (*found.get(event_id, ()), (number, State(state)))
    return found


def _line(row: Any, calls_by_event: Mapping[int, tuple[tuple[int, State], ...]], again: int = 0) -> EventLine:
    columns = {column.name: getattr(row, column.name) for column in LINE_COLUMNS}
    columns |= {name: from_text(columns[name]) for name in ("error", "verified")}
    return EventLine(**columns, calls=calls_by_event.get(row.id, ()), repeats=again)


def verdicts_of(stored: str) -> tuple[Verdict, ...]:
    """The verdicts in an event's row."""
    return _verdicts(from_json(stored))[0]


def failures_of(stored: str) -> tuple[Failure, ...]:
    """The failures in an event's row; in older rows the reason is a text."""
    return tuple(
        Failure(rule, item, key, path, from_document(why)) for rule, item, key, path, why in from_json(stored)
    )


def _stored(
    connection: Connection, row: Any, calls_by_event: Mapping[int, tuple[tuple[int, State], ...]]
) -> StoredEvent:
    line = _line(row, calls_by_event)
    request = _request(connection, row)
    verdicts, omitted = _verdicts(from_json(row.verdicts))
    return StoredEvent(
        line=line,
        event=_event(row, request),
        request=request,
        rules_version=row.rules_version,
        verdicts=verdicts,
        failures=failures_of(row.failures),
        omitted=omitted,
    )


def _verdicts(stored: list[Any]) -> tuple[tuple[Verdict, ...], int]:
    """The verdicts that `events.verdicts_text` has written, and the number of omitted ones."""
    omitted = stored.pop() if stored and isinstance(stored[-1], int) else 0
    return tuple(Verdict(rule, Match(match), *rest) for rule, match, *rest in stored), omitted


def _request(connection: Connection, row: Any) -> Request | None:
    if row.delivery != row.id:
        holder = select(events).where(events.c.id == row.delivery)
        row = connection.execute(holder).one_or_none()
    return None if row is None or row.body is None else request_of(row)


def _event(row: Any, request: Request | None) -> Event | None:
    if row.document is None:
        return None
    return Event(
        source=row.source,
        id=row.key,
        type=row.type,
        received_at=row.received_at,
        document=from_json(row.document),
        headers=joined(request.headers if request else ()),
        query=from_json(row.parameters),
    )


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers as in events: names in lower case, repeated values joined."""
    found: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        found[lower] = f"{found[lower]}, {value}" if lower in found else value
    return found


@dataclass(frozen=True, slots=True)
class StoredSecrets:
    """Where an event's source read secrets, and the data that contains them."""

    source: str
    verified: Reason | None
    places: str | None
    """As `EventLine.secrets`."""
    request: Request | None
    document: Json


def with_secrets(connection: Connection, numbers: set[int]) -> dict[int, StoredSecrets]:
    """The secrets of those events that may contain some, by event id."""
    query = select(events).where(
        events.c.id.in_(numbers), or_(events.c.secrets.is_(None), events.c.secrets != "[]")
    )
    return {row.id: _secrets(connection, row) for row in connection.execute(query)}


def _secrets(connection: Connection, row: Any) -> StoredSecrets:
    request = _request(connection, row)
    document = None if row.document is None else from_json(row.document)
    return StoredSecrets(row.source, from_text(row.verified), row.secrets, request, document)
