"""Webhooks, events and bot starts to put into a store."""

from __future__ import annotations

from itertools import count
from typing import Any

from sqlalchemy import Connection, inspect, text

from bridge.model import (
    Again,
    Application,
    Attempt,
    BotStart,
    Call,
    Cancellation,
    Errand,
    Event,
    Match,
    Outcome,
    Recipient,
    Request,
    State,
    Verdict,
)
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode
from bridge.reasons.webhooks import WebhookCode
from bridge.store.db.engine import Store
from bridge.store.inbox.events import Delivery, Stored, accept
from bridge.store.queue import calls, claims, pauses
from bridge.store.queue.calls import Settlement
from tests.support.reasons import because, read

ABSENT = Reason(RuleCode.VALUE_ABSENT, what="$.x")
"""Why a value that a rule needs cannot be had."""

NOW = 1_800_000_000_000
VERIFIED = Reason(WebhookCode.BY_HMAC, algorithms=("sha256",))
NOT_JSON = Reason(WebhookCode.NOT_JSON_NUMBER, text="NaN")
PING = Reason(WebhookCode.PING)
_numbers = count(1)


def request(body: bytes = b'{"id":"p1"}', **more: Any) -> Request:
    values: dict[str, Any] = {
        "method": "POST",
        "query": "a=1&b=%20",
        "headers": (("Content-Type", "application/json"), ("X-A", "1"), ("X-A", "2")),
        "body": body,
        "client": "203.0.113.7",
        **more,
    }
    return Request(**values)


def event(key: str = "p1", source: str = "shop", **more: Any) -> Event:
    values: dict[str, Any] = {
        "type": "paid",
        "received_at": NOW,
        "document": {"id": key},
        "headers": {"content-type": "application/json", "x-a": "1, 2"},
        "query": {"a": "1", "b": " "},
        **more,
    }
    return Event(source, key, **values)


def start(subscriber: int = 7, rule: str = "sold", **more: Any) -> BotStart:
    values: dict[str, Any] = {
        "item": 0,
        "account": "main",
        "recipient": Recipient(subscriber_id=subscriber),
        "bot_id": 4512,
        "variables": (("amount", "1990.00"), ("name", "Иван")),
        **more,
    }
    return BotStart(rule, **values)


def made(*starts: BotStart) -> Application:
    verdicts = tuple(Verdict(one.rule, Match.MATCHED, "", "", None, 3) for one in starts)
    return Application(starts, (), verdicts)


def delivery(*pairs: tuple[Event, Application], **more: Any) -> Delivery:
    values: dict[str, Any] = {
        "source": pairs[0][0].source if pairs else "shop",
        "request": request(),
        "received_at": NOW,
        "verified": VERIFIED,
        "rules_version": "abcdef123456",
        "events": pairs,
        "secrets": "[]",
        **more,
    }
    return Delivery(**values)


def sale(key: str, *starts: BotStart, **more: Any) -> Delivery:
    """One webhook with one event, which started these bots."""
    return delivery((event(key, **more), made(*starts)))


def take_in(store: Store, *deliveries: Delivery) -> list[tuple[Stored, ...]]:
    with store.transaction() as connection:
        return accept(connection, store.now(connection), deliveries)


def owe(store: Store, *starts: BotStart) -> list[int]:
    """Queue these calls, each from an event of its own; their ids."""
    ids = []
    for one in starts:
        take_in(store, sale(f"owed-{next(_numbers)}", one))
        ids.append(rows(store, "SELECT max(id) FROM calls")[0][0])
    return ids


def claim(store: Store, limit: int = 100, owner: str = "me", account: str = "main") -> list[Call]:
    with store.transaction() as connection:
        return claim_in(connection, store.now(connection), limit, owner, account)


def claim_in(
    connection: Connection, now: int, limit: int, owner: str = "me", account: str = "main"
) -> list[Call]:
    paused = pauses.paused_names(connection)
    ids = claims.ready(connection, now, account, limit, paused)
    return claims.claim(connection, now, owner, ids)


def leave_claimed(store: Store, *claimed: Call) -> None:
    """As a process of an earlier version leaves calls that it has not begun to send."""
    with store.transaction() as connection:
        for call in claimed:
            connection.exec_driver_sql(f"UPDATE calls SET state = 'claimed' WHERE id = {call.id}")


def attempt(
    outcome: Outcome = Outcome.DONE, *, reason: Reason | str = "LeadConverter ran it", **more: Any
) -> Attempt:
    values: dict[str, Any] = {
        "started_at": NOW,
        "ended_at": NOW + 120,
        "reason": _reason(reason),
        "phase": "complete",
        "status": 200,
        "content_type": "application/json",
        "answer": '{"ok":true}',
        **more,
    }
    return Attempt(outcome=outcome, **values)


def settlement(
    call: Call, state: str = "done", *, reason: Reason | str = "because", **more: Any
) -> Settlement:
    values: dict[str, Any] = {"shown": attempt(), "reason": _reason(reason), **more}
    return Settlement(call.id, call.owner, call.attempt, state=State(state), **values)


def _reason(reason: Reason | str) -> Reason:
    return because(reason) if isinstance(reason, str) else reason


def settle(store: Store, *settlements: Settlement) -> list[bool]:
    with store.transaction() as connection:
        return [one is not None for one in calls.settle(connection, store.now(connection), settlements)]


def rows(store: Store, sql: str) -> list[tuple[Any, ...]]:
    with store.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


def state(store: Store, call_id: int) -> str:
    return str(rows(store, f"SELECT state FROM calls WHERE id = {call_id}")[0][0])


def states(store: Store) -> dict[int, str]:
    return dict(rows(store, "SELECT id, state FROM calls ORDER BY id"))


def crowd(store: Store, many: int, recipients: int = 1) -> None:
    """Copies of the first call behind it, for so many recipients in turn; the first one's is among them."""
    with store.transaction() as connection:
        rest = ", ".join(
            column["name"]
            for column in inspect(connection).get_columns("calls")
            if column["name"] not in ("id", "item", "recipient", "place")
        )
        made = text(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many}) "
            f"INSERT INTO calls (id, item, place, recipient, {rest}) "
            f"SELECT n.i + 1, n.i, n.i + 1, CASE n.i % {recipients} WHEN 0 THEN recipient "
            f"ELSE 'subscriber:' || (1000000 + n.i % {recipients}) END, {rest} "
            "FROM n, calls WHERE calls.id = 1"
        )
        connection.execute(made)
        if store.embedded:
            connection.exec_driver_sql(f"UPDATE sequences SET value = {many + 1} WHERE name = 'calls'")
        else:
            connection.exec_driver_sql(f"SELECT setval('calls_ids', {many + 1})")


def later(
    rule: str = "cart left",
    key: str = "",
    *,
    after: int = 3600,
    again: Again = "replace",
    at_most: int = 86_400,
    **more: Any,
) -> BotStart:
    """A start that is due `after` seconds from `NOW`, under the key if one is given."""
    errand = Errand(key, again, at_most) if key else None
    return start(rule=rule, due_at=NOW + after * 1000, errand=errand, **more)


def cancel(key: str, *, lasts: int = 0, place: int = 0, shadow: bool = False, **more: Any) -> Cancellation:
    values = {"rule": "paid", "item": 0, "account": "main", **more}
    return Cancellation(key=key, lasts=lasts, place=place, shadow=shadow, **values)


def paid(key: str, *cancels: Cancellation) -> Delivery:
    """One webhook with one event, which cancelled these errands."""
    verdicts = tuple(Verdict(one.rule, Match.MATCHED, "", "", None, 3) for one in cancels)
    return delivery((event(key), Application((), (), verdicts, cancels=cancels)))


def whys(store: Store) -> dict[int, tuple[str, str]]:
    """State and reason of every call, by id."""
    return {
        number: (found, read(reason))
        for number, found, reason in rows(store, "SELECT id, state, reason FROM calls ORDER BY id")
    }
