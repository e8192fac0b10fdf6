"""Looking at events: pages of them, and one with everything that is known of it."""

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
from bridge.store.db.bulk import AnyRow
from bridge.store.db.engine import Store
from bridge.store.db.tables import calls, events
from bridge.store.db.texts import plain
from bridge.store.reports import repeat_views, sources
from bridge.store.reports.pagination import (
    SEARCHED,
    Fitting,
    Listing,
    Page,
    all_ids,
    fitting,
    literal,
    merged,
    newest,
)
from bridge.store.reports.text_match import contains


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; None is any. Times are unix milliseconds, `since` included and `until` not."""

    source: str | None = None
    type: str | None = None
    result: str | None = None
    since: int | None = None
    until: int | None = None
    search: str | None = None
    """The sender's own id; where no event has it, a part of the document."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What a search must not find, not even a part of it."""
    rule: str | None = None
    """One that matched, whether or not it lacked a value then."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event as a list shows it, with its calls and their states."""

    id: int
    source: str
    key: str
    type: str
    received_at: int
    result: str
    error: Reason | None
    """Why its body could not be read or it was ignored, or what of its webhook is in no event."""
    verified: Reason | None
    client: str
    calls: tuple[tuple[int, State], ...] = ()
    repeats: int = 0
    """How often it came again."""
    secrets: str | None = None
    """Where its source read secrets in it (`webhook.secrets`); None of rows from before that was stored."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """Everything about one event. `event` is None when it could not be read, was ignored or is purged."""

    line: EventLine
    event: Event | None
    request: Request | None
    """The webhook as it came; None once its bytes are purged."""
    rules_version: str
    """Of the rules that handled it last, whose verdicts and failures these are."""
    verdicts: tuple[Verdict, ...]
    failures: tuple[Failure, ...]
    untold: int = 0
    """How many more rules there were, none of which matched or came near."""


_NOT_MATCHED = events.c.result != literal_column("'matched'")
"""In the words of the index over these, which a parameter would not match."""
LINE_COLUMNS = [events.c[name] for name in EventLine.__dataclass_fields__ if name not in ("calls", "repeats")]
"""What `lines` needs of a row."""


def page_of_events(connection: Connection, wanted: EventFilter, page: Page) -> Listing[EventLine]:
    """One page of the events that fit, newest first.

    At once, by an index: a source, a source and a type, a sender's own id, and every result but "matched".
    A type without a source goes through the sources. For the rest of a filter rows are looked at one by one.
    """
    if wanted.search is not None and _has_key(connection, wanted.search):
        found = newest(connection, LINE_COLUMNS, by_key(connection, wanted), page)
    elif wanted.type is not None and wanted.source is None:
        found = _of_any_source(connection, wanted, page)
    else:
        found = newest(connection, LINE_COLUMNS, fitting_events(connection, wanted), page)
    return Listing(lines(connection, found.items), found.more, found.reached_at)


def lines(connection: Connection, rows: Sequence[Any]) -> tuple[EventLine, ...]:
    """These rows of events, with their calls."""
    numbers = [row.id for row in rows]
    owed, again = _calls_of(connection, numbers), repeat_views.counts(connection, numbers)
    return tuple(_line(row, owed, again.get(row.id, 0)) for row in rows)


def scan(
    connection: Connection, wanted: EventFilter, after: int = 0, limit: int = 200
) -> tuple[StoredEvent, ...]:
    """Events that fit with an id above `after`, oldest first, whole: for reading through all of them."""
    fitting = fitting_events(connection, wanted).within(after + 1)
    query = select(events).where(*fitting.conditions).order_by(events.c.id).limit(limit)
    rows = connection.execute(query).all()
    return tuple(_stored(connection, row, {}) for row in rows)


def ids_of_events(store: Store, wanted: EventFilter) -> Iterator[list[int]]:
    """The ids of all events that a list would show, oldest first, a part at a time."""

    def as_listed(connection: Connection) -> Fitting:
        if wanted.search is not None and _has_key(connection, wanted.search):
            return by_key(connection, wanted)
        return fitting_events(connection, wanted)

    return all_ids(store, events, as_listed)


def event(connection: Connection, number: int) -> StoredEvent:
    """One event; raises BridgeError when there is none of that id."""
    row = connection.execute(select(events).where(events.c.id == number)).one_or_none()
    if row is None:
        raise BridgeError(Reason(ErrorCode.NO_EVENT, number=number), Reason(ErrorCode.LIST_EVENTS))
    again = repeat_views.counts(connection, [number])
    stored = _stored(connection, row, _calls_of(connection, [number]))
    return replace(stored, line=replace(stored.line, repeats=again.get(number, 0)))


def fitting_events(connection: Connection, wanted: EventFilter) -> Fitting:
    """What the filter asks of the table `events`."""
    by, sieve = _split(wanted)
    if wanted.rule is not None:
        sieve.append(_of_rule(wanted.rule))
    if wanted.search is not None:
        is_key = events.c.key == plain(wanted.search)
        sieve.append(or_(is_key, contains(connection, events.c.document, wanted.search, wanted.secrets)))
    return fitting(
        connection, events, events.c.received_at, by=by, sieve=sieve, since=wanted.since, until=wanted.until
    )


def _split(wanted: EventFilter) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """Conditions on single columns: those of the index that leaves the fewest rows, and the others."""
    source = [] if wanted.source is None else [events.c.source == plain(wanted.source)]
    kind = [] if wanted.type is None else [events.c.type == plain(wanted.type)]
    result = [] if wanted.result is None else [events.c.result == wanted.result]
    if wanted.result in ("failed", "unreadable") or (result and wanted.result != "matched" and not source):
        return [*result, _NOT_MATCHED], [*source, *kind]
    return ([*source, *kind], result) if source else ([], [*kind, *result])


def by_key(connection: Connection, wanted: EventFilter) -> Fitting:
    """Events with the sender's own id that is searched for, and the rest of the filter as a sieve."""
    rest = fitting_events(connection, replace(wanted, search=None))
    same = events.c.key == plain(wanted.search or "")
    return replace(rest, by=(same,), sieve=(*rest.by, *rest.sieve))


def _of_any_source(connection: Connection, wanted: EventFilter, page: Page) -> Listing[AnyRow]:
    names = sources.last_heard(connection)
    lists = [
        newest(
            connection,
            LINE_COLUMNS,
            fitting_events(connection, replace(wanted, source=name)),
            page,
            SEARCHED // len(names),
        )
        for name in names
    ]
    return merged(lists, page)


def _of_rule(rule: str) -> ColumnElement[bool]:
    """As `events.verdicts_text` writes it of a rule that matched."""
    name = to_json(plain(rule))
    told = (literal(f'[{name},"{match}",') for match in (Match.MATCHED, Match.FAILED))
    return or_(*(events.c.verdicts.like(pattern, escape="\\") for pattern in told))


def _has_key(connection: Connection, key: str) -> bool:
    query = select(events.c.id).where(events.c.key == plain(key)).limit(1)
    return connection.execute(query).one_or_none() is not None


def _calls_of(connection: Connection, ids: list[int]) -> dict[int, tuple[tuple[int, State], ...]]:
    query = select(calls.c.event_id, calls.c.id, calls.c.state).where(calls.c.event_id.in_(ids))
    found: dict[int, tuple[tuple[int, State], ...]] = {}
    for event_id, number, state in connection.execute(query.order_by(calls.c.id)):
        found[event_id] = (*found.get(event_id, ()), (number, State(state)))
    return found


def _line(row: Any, owed: Mapping[int, tuple[tuple[int, State], ...]], again: int = 0) -> EventLine:
    columns = {column.name: getattr(row, column.name) for column in LINE_COLUMNS}
    columns |= {name: from_text(columns[name]) for name in ("error", "verified")}
    return EventLine(**columns, calls=owed.get(row.id, ()), repeats=again)


def verdicts_of(stored: str) -> tuple[Verdict, ...]:
    """The verdicts that are told in an event's row."""
    return _verdicts(from_json(stored))[0]


def failures_of(stored: str) -> tuple[Failure, ...]:
    """The failures that an event's row holds; in an older row the reason is a text."""
    return tuple(
        Failure(rule, item, key, path, from_document(why)) for rule, item, key, path, why in from_json(stored)
    )


def _stored(
    connection: Connection, row: Any, owed: Mapping[int, tuple[tuple[int, State], ...]]
) -> StoredEvent:
    line = _line(row, owed)
    request = _request(connection, row)
    verdicts, untold = _verdicts(from_json(row.verdicts))
    return StoredEvent(
        line=line,
        event=_event(row, request),
        request=request,
        rules_version=row.rules_version,
        verdicts=verdicts,
        failures=failures_of(row.failures),
        untold=untold,
    )


def _verdicts(stored: list[Any]) -> tuple[tuple[Verdict, ...], int]:
    """What `events.verdicts_text` wrote: verdicts, and the number of rules that have none."""
    untold = stored.pop() if stored and isinstance(stored[-1], int) else 0
    return tuple(Verdict(rule, Match(match), *rest) for rule, match, *rest in stored), untold


def _request(connection: Connection, row: Any) -> Request | None:
    if row.delivery != row.id:
        held = select(events).where(events.c.id == row.delivery)
        row = connection.execute(held).one_or_none()
    if row is None or row.body is None:
        return None
    headers = tuple((name, value) for name, value in from_json(row.headers))
    return Request(row.method, row.query, headers, bytes(row.body), row.client)


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
    """Headers as events have them: names in lower case, the values of one name joined."""
    found: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        found[lower] = f"{found[lower]}, {value}" if lower in found else value
    return found


@dataclass(frozen=True, slots=True)
class StoredSecrets:
    """Where an event's source read secrets, and in what."""

    source: str
    verified: Reason | None
    places: str | None
    """As `EventLine.secrets`."""
    request: Request | None
    document: Json


def with_secrets(connection: Connection, numbers: set[int]) -> dict[int, StoredSecrets]:
    """By number, those of the events in which secrets may be."""
    query = select(events).where(
        events.c.id.in_(numbers), or_(events.c.secrets.is_(None), events.c.secrets != "[]")
    )
    return {row.id: _secrets(connection, row) for row in connection.execute(query)}


def _secrets(connection: Connection, row: Any) -> StoredSecrets:
    request = _request(connection, row)
    document = None if row.document is None else from_json(row.document)
    return StoredSecrets(row.source, from_text(row.verified), row.secrets, request, document)
