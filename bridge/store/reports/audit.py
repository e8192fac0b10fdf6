"""Everything a person decided, and every pause the bridge chose by itself: who, when, why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, insert, select

from bridge.store.db.ids import take_ids
from bridge.store.db.tables import actions
from bridge.store.db.texts import plain
from bridge.store.reports.pagination import Listing, Page, fitting, newest

Kind = Literal["call", "event", "account", "source", "rule", "store", "file"]


@dataclass(frozen=True, slots=True)
class Action:
    """One decision. `at` is unix milliseconds."""

    id: int
    at: int
    who: str
    what: str
    why: str
    kind: str
    target: str


def record(
    connection: Connection, now: int, *, who: str, what: str, why: str, kind: Kind, target: object
) -> None:
    """Write a decision down, in the transaction that carries it out."""
    number = take_ids(connection, "actions", 1)[0]
    values = {"id": number, "at": now, "who": plain(who), "what": what, "why": plain(why), "kind": kind}
    connection.execute(insert(actions).values(**values, target=str(target)))


def of(connection: Connection, kind: Kind, *targets: object) -> tuple[Action, ...]:
    """The decisions about one thing or several of a kind, oldest first."""
    wanted = (actions.c.kind == kind, actions.c.target.in_([str(target) for target in targets]))
    rows = connection.execute(select(actions).where(*wanted).order_by(actions.c.id))
    return tuple(Action(**row._mapping) for row in rows)


def page_of_actions(
    connection: Connection, page: Page, who: str | None = None, kind: Kind | None = None
) -> Listing[Action]:
    """One page of what was decided, newest first; by one person, about one kind of thing."""
    sieve = [] if who is None else [actions.c.who == plain(who)]
    if kind is not None:
        sieve.append(actions.c.kind == kind)
    found = newest(connection, [actions], fitting(connection, actions, actions.c.at, sieve=sieve), page)
    return Listing(tuple(Action(**row._mapping) for row in found.items), found.more, found.reached_at)
