"""A long past, made quickly: so many events with a call each, as a busy week leaves them in a database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import time

from sqlalchemy import Connection, text

from benchmarks.common import shop
from bridge.reasons.reason import Reason
from bridge.reasons.stored import to_text
from bridge.reasons.webhooks import WebhookCode
from bridge.store.db.engine import Store
from bridge.store.db.ids import take_ids
from bridge.store.db.tables import FOR_EVER
from bridge.store.reports import counters
from bridge.store.reports.counters import PERIOD_MS

WEEK_MS = 7 * 86_400_000
SUBSCRIBERS = 200_000
RARE = 100_000
"""Every so many-th event is of a source, a type, a rule and an account of its own."""
_AT_ONCE = 20_000
_VERDICTS = '[["@rule","matched","","",null,3],["other","unmatched","$.a: b","absent",null,7]]'
_REQUEST = (
    '{"bot_id":4512,"subscriber_id":@number,"user_id":null,"channel_id":null,'
    '"variables":[["order","order-@number"],["hello","Спасибо, Мария!"]],'
    '"forced":false,"expires":86400,"shadow":false}'
)
_PHONE = (
    "'+7 (' || substr('' || {n}, 1, 3) || ') ' || substr('' || {n}, 4, 3) || '-' || substr('' || {n}, 7, 2) "
    "|| '-' || substr('' || {n}, 9, 2)"
).replace("{n}", "(9000000000 + i * 7919 % 1000000000)")
_DOCUMENT = f"replace(replace(:document, 'order-0', 'order-' || i), '@phone', {_PHONE})"
_NUMBERS = (
    "WITH RECURSIVE n(i) AS (SELECT CAST(:low AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < :high)"
)
_EVENTS = (
    _NUMBERS
    + """
INSERT INTO events (id, delivery, source, key, type, received_at, client, verified, method, query, headers,
  body, document, parameters, result, error, rules_version, verdicts, failures)
SELECT i, i, CASE WHEN i % :rare = 7 THEN 'rare' ELSE 'shop' || (i % 10) END, 'order-' || i,
  CASE WHEN i % :rare = 7 THEN 'rare.type' ELSE 'payment.kind' || (i % 6) END,
  :first + i * :gap, '203.0.113.7', :verified, 'POST', '', '[["Content-Type","application/json"]]',
  {bytes}, {document}, '{}',
  CASE WHEN i % 1000 < 10 THEN 'failed' WHEN i % 1000 = 10 THEN 'unreadable' WHEN i % 1000 < 20 THEN 'ignored'
    WHEN i % 1000 < 200 THEN 'unmatched' ELSE 'matched' END,
  '', 'abcdef123456', replace(:verdicts, '@rule', {rule}), '[]'
FROM n
"""
)
_CALLS = (
    _NUMBERS
    + """
INSERT INTO calls (id, event_id, source, rule, item, parent, account, recipient, request, order_mode,
  on_uncertain, state, attempt, answered, resends, had_uncertain, owner, created_at, due_at, expires_at,
  lease_until, sent_at, settled_at, holds_until, held_by, held_until, reason, cause)
SELECT i, i, CASE WHEN i % :rare = 7 THEN 'rare' ELSE 'shop' || (i % 10) END, {rule}, 0, 0,
  CASE WHEN i % :rare = 7 THEN 'rare' WHEN i % 4 = 0 THEN 'second' ELSE 'main' END,
  CASE WHEN i % 20 = 0 THEN 'messenger:' || (i % 3) || '/user' || (i % 1000)
    ELSE 'subscriber:' || (i * 7919 % :subscribers) END,
  replace(:request, '@number', '' || i),
  'relaxed', '',
  CASE WHEN i % 1000 < 10 THEN 'refused' WHEN i % 1000 = 10 THEN 'uncertain' WHEN i % 1000 = 11 THEN 'expired'
    WHEN i % 1000 < 22 THEN 'cancelled' WHEN i % 1000 < 24 THEN 'queued' ELSE 'done' END,
  1, 1, 0, {false}, '', :first + i * :gap, :first + i * :gap, :first + i * :gap + 86400000, 0,
  :first + i * :gap + 50, :first + i * :gap + 300, :ever, 0, 0, 'LeadConverter ran it',
  CASE WHEN i % 1000 = 10 THEN 'timeout' ELSE '' END
FROM n
"""
)
_RULE = "CASE WHEN i % :rare = 7 THEN 'rare rule' ELSE 'course ' || (i % 40) || ' paid' END"
_COUNTED = (
    "INSERT INTO tallies SELECT 'event:' || result, received_at - received_at % :width, source, '', 0, "
    "count(*), max(received_at) FROM events GROUP BY 1, 2, source",
    "INSERT INTO tallies SELECT 'rule:matched', created_at - created_at % :width, source, rule, 0, "
    "count(*), max(created_at) FROM calls GROUP BY 2, source, rule",
    "INSERT INTO tallies SELECT 'call:' || state, settled_at - settled_at % :width, source, account, 0, "
    "count(*), max(settled_at) FROM calls WHERE state <> 'queued' GROUP BY 1, 2, source, account",
    "INSERT INTO tallies SELECT 'call:waiting', created_at - created_at % :width, source, account, 0, "
    "count(*), max(created_at) FROM calls WHERE state = 'queued' GROUP BY 2, source, account",
    "INSERT INTO actions SELECT id, created_at, CASE WHEN id % 3 = 0 THEN 'ann' ELSE 'bob' END, 'replay', "
    "'mended', CASE WHEN id % 2 = 0 THEN 'event' ELSE 'call' END, CAST(id AS text) "
    "FROM calls WHERE id % 10 = 0",
)


@dataclass(frozen=True, slots=True)
class Past:
    """What there is to ask for."""

    events: int
    now: int
    """When the newest came, in unix milliseconds."""


def phone(number: int) -> str:
    """The buyer's phone number in an event, as one of the ways in which people write it."""
    digits = f"{9_000_000_000 + number * 7919 % 1_000_000_000}"
    return f"+7 ({digits[:3]}) {digits[3:6]}-{digits[6:8]}-{digits[8:]}"


def fill(store: Store, events: int) -> Past:
    """Put the events of a week, with a call of each, into an empty store."""
    now = int(time() * 1000)
    gap = WEEK_MS // events
    first = now - events * gap
    for low, high in _parts(events):
        asked = {"low": low, "high": high, "rare": RARE, "first": first, "gap": gap}
        with store.migrating.begin() as connection:
            _insert(connection, asked)
            for table in ("events", "calls", "actions"):
                take_ids(connection, table, high - low + 1)
    with store.migrating.begin() as connection:
        for statement in _COUNTED:
            connection.execute(text(statement), {"width": PERIOD_MS} if ":width" in statement else {})
    while True:
        with store.transaction() as connection:
            if not counters.fold(connection, now, 200):
                break
    _settle(store)
    return Past(events, now)


def _insert(connection: Connection, asked: dict[str, int]) -> None:
    postgres = connection.dialect.name == "postgresql"
    words = {
        "{bytes}": "convert_to({document}, 'UTF8')" if postgres else "CAST({document} AS BLOB)",
        "{document}": _DOCUMENT,
        "{rule}": _RULE,
        "{false}": "false" if postgres else "0",
    }
    document = shop.body("order-0", 1_000_000_001).decode().replace('"x', '"@phone x')
    known = {
        **asked,
        "document": document,
        "request": _REQUEST,
        "verdicts": _VERDICTS,
        "verified": to_text(Reason(WebhookCode.BY_HMAC, algorithms=("sha256",))),
        "subscribers": SUBSCRIBERS,
        "ever": FOR_EVER,
    }
    for sql in (_EVENTS, _CALLS):
        for word, meaning in words.items():
            sql = sql.replace(word, meaning)
        connection.execute(text(sql), {name: known[name] for name in known if f":{name}" in sql})


def _parts(many: int) -> Iterator[tuple[int, int]]:
    for low in range(1, many + 1, _AT_ONCE):
        yield low, min(low + _AT_ONCE - 1, many)


def _settle(store: Store) -> None:
    """As after an ordinary week: statistics are there, and nothing waits to be tidied up."""
    if store.embedded:
        store.checkpoint()
        return
    with store.migrating.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
