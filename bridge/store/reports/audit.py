"""The audit log: decisions of people, and pauses by the bridge, with who, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, insert, select

from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import from_text, to_text
from bridge.store.db.ids import take_ids
from bridge.store.db.tables import actions
from bridge.store.db.texts import plain
from bridge.store.reports.pagination import Listing, Page, newest, selection

BRIDGE: Final = "the bridge"
"""The value of `who` if the bridge decided."""
Kind = Literal["call", "event", "account", "source", "rule", "store", "file"]


@dataclass(frozen=True, slots=True)
class Action:
    """One decision. `at` is unix milliseconds.

    `why` is a reason if the bridge decided, else a person's text.
    """

    id: int
    at: int
    who: str
    what: Reason
    why: Reason | str
    kind: str
    target: str

    @property
    def by(self) -> Reason | str:
        """Who decided, for display."""
        return display_name(self.who)


def display_name(who: str) -> Reason | str:
    """Who decided, for display."""
    return Reason(CallCode.BRIDGE) if who == BRIDGE else who


def person(name: str) -> str:
    """The name that a person gave, as text columns take it; in quotation marks if it is the bridge's."""
    return f'"{name}"' if name == BRIDGE else plain(name)


def why_text(why: Reason | str) -> str:
    """The text for the column: a reason as JSON, or a person's text."""
    return to_text(why) if isinstance(why, Reason) else plain(why)


def why_of(who: str, text: str) -> Reason | str:
    """The value of the column: the bridge's reason, or a person's text."""
    return from_text(text) or "" if who == BRIDGE else text


def record(
    connection: Connection, now: int, *, who: str, what: Reason, why: Reason | str, kind: Kind, target: object
) -> None:
    """Record a decision, in the transaction that applies it."""
    number = take_ids(connection, "actions", 1)[0]
    values = {"id": number, "at": now, "who": plain(who), "what": to_text(what), "why": why_text(why)}
    connection.execute(insert(actions).values(**values, kind=kind, target=str(target)))


def of(connection: Connection, kind: Kind, *targets: object) -> tuple[Action, ...]:
    """The decisions about one or several things of a kind, oldest first."""
    wanted = (actions.c.kind == kind, actions.c.target.in_([str(target) for target in targets]))
    rows = connection.execute(select(actions).where(*wanted).order_by(actions.c.id))
    return tuple(_action(row) for row in rows)


def page_of_actions(
    connection: Connection, page: Page, who: str | None = None, kind: Kind | None = None
) -> Listing[Action]:
    """One page of decisions, newest first; by one person or all, about one kind of thing or all."""
    checks = [] if who is None else [actions.c.who == plain(who)]
    if kind is not None:
        checks.append(actions.c.kind == kind)
    found = newest(connection, [actions], selection(connection, actions, actions.c.at, checks=checks), page)
    return Listing(tuple(_action(row) for row in found.items), found.more, found.reached_at)


def _action(row: Row[Any]) -> Action:
    return Action(**{**row._mapping, "what": from_text(row.what), "why": why_of(row.who, row.why)})
