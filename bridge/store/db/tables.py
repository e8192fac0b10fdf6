"""The tables, as the newest migration leaves them. Times are unix milliseconds, documents are JSON texts.

Their indexes are in `indexes.py`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)

FOR_EVER = 2**62
"""A time that never comes."""

PAUSED = -1
"""The value of `held_by` while a call's source or rule is paused."""

IDS = ("events", "calls", "refusals", "actions", "repeats", "cancellations")
"""Tables whose ids are taken inside the transaction: from `sequences`, or on PostgreSQL from a sequence."""

for _name in IDS:
    Sequence(f"{_name}_ids", metadata=metadata)


_ID = BigInteger().with_variant(Integer, "sqlite")
"""On SQLite only a key of type INTEGER is the rowid."""


def _text(name: str, **more: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **more)


def _number(name: str, **more: Any) -> Column[int]:
    return Column(name, BigInteger, nullable=False, **more)


def _id(name: str = "id") -> Column[int]:
    return Column(name, _ID, primary_key=True, autoincrement=False)


sequences = Table("sequences", metadata, Column("name", Text, primary_key=True), _number("value"))

events = Table(
    "events",
    metadata,
    _id(),
    _number("delivery"),
    _text("source"),
    _text("key"),
    _text("type"),
    _number("received_at"),
    _text("client"),
    _text("verified"),
    _text("method"),
    Column("query", Text),
    Column("headers", Text),
    Column("body", LargeBinary),
    Column("document", Text),
    Column("parameters", Text),
    _text("result"),
    _text("error"),
    _text("rules_version"),
    _text("verdicts"),
    _text("failures"),
    Column("reply", Text),
    Column("secrets", Text),
    CheckConstraint("result IN ('matched', 'unmatched', 'failed', 'unreadable', 'ignored')", name="result"),
)
"""One row per event. `key` is the sender's id. `delivery` is the event that holds the raw query, headers and
body of their common webhook, and the `reply` to it if it depends on the event; other events of a batch have
none. Bodies may be purged before rows. `secrets`: where its source read secrets in it; NULL in rows from
before it was stored."""

dedup = Table(
    "dedup",
    metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("content", Text, primary_key=True),
    _number("event_id"),
    _number("expires_at"),
    sqlite_with_rowid=False,
)
"""The event that an id, type and content of a source identify, and until when."""

repeats = Table(
    "repeats",
    metadata,
    _id(),
    _number("event_id"),
    _number("number"),
    _text("source"),
    _number("received_at"),
    _text("client"),
    _text("verified"),
    _text("difference"),
    _text("rules_version"),
    _number("item"),
    _text("method"),
    Column("query", Text),
    Column("headers", Text),
    Column("body", LargeBinary),
    _number("body_size"),
    _number("taken_as"),
    CheckConstraint("difference IN ('none', 'content', 'outcome', 'unknown')", name="difference"),
)
"""The last repeats of each event. `number` counts the repeats of an event, `item` is the place in a webhook,
`taken_as` the event that a person made of it. Query, headers and body are stored where content differs."""

_STATES = (
    "'queued', 'claimed', 'sending', 'uncertain', 'waiting', "
    "'done', 'refused', 'exhausted', 'expired', 'cancelled'"
)

calls = Table(
    "calls",
    metadata,
    _id(),
    _number("event_id"),
    _text("source"),
    _text("rule"),
    Column("item", Integer, nullable=False),
    _number("parent"),
    _text("account"),
    _text("recipient"),
    _text("request"),
    _text("order_mode"),
    _text("on_uncertain"),
    _text("state"),
    Column("attempt", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("resends", Integer, nullable=False),
    Column("had_uncertain", Boolean, nullable=False),
    _text("owner"),
    _number("created_at"),
    _number("due_at"),
    _number("expires_at"),
    _number("lease_until"),
    _number("sent_at"),
    _number("settled_at"),
    _number("holds_until"),
    _number("held_by"),
    _number("held_until"),
    _text("reason"),
    _text("cause", server_default=""),
    _number("place", server_default="0"),
    _text("errand", server_default=""),
    _number("put_off_until", server_default="0"),
    _number("cancelled_by", server_default="0"),
    UniqueConstraint("event_id", "rule", "item", "parent"),
    CheckConstraint(f"state IN ({_STATES})", name="state"),
    CheckConstraint("order_mode IN ('strict', 'relaxed', 'none')", name="order_mode"),
    CheckConstraint("state NOT IN ('claimed', 'sending') OR owner <> ''", name="owner"),
)
"""One row per call. `request` is the rendered bot start. `holds_until`: while the call is queued or
uncertain, later calls of its recipient wait until then. `held_by`: the call that it waits for; claims skip
it until that call changes its state or `held_until` is reached; PAUSED while a pause holds it.
`cause`: why its last uncertain attempt may have run, as in `model.CAUSES`; empty if there was none.
`place`: calls of a recipient are sent in this order, in which they became queued. `errand`: its key, or
empty. `put_off_until`: no call that replaces it is due later; 0 for no limit. `cancelled_by`: the event that
cancelled its errand while it was being sent or uncertain, so that it is not tried again; 0 for none."""

errands = Table(
    "errands",
    metadata,
    Column("account", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _number("mark_until"),
    _number("mark_event"),
    _number("shadow_until"),
    _number("shadow_event"),
    sqlite_with_rowid=False,
)
"""One row per errand. Its lock puts all transactions that start or cancel the errand in an order. Until
`mark_until`, new calls of it are cancelled, because of `mark_event`; the other two are for shadow calls."""

cancellations = Table(
    "cancellations",
    metadata,
    _id(),
    _number("event_id"),
    _text("rule"),
    Column("item", Integer, nullable=False),
    _text("account"),
    _text("key"),
    _number("lasts"),
    _number("place"),
    Column("shadow", Boolean, nullable=False),
    _number("at"),
    _text("effects"),
)
"""What each cancellation of an event did: `effects` is a list of pairs of a call and an `errands.Effect`. Its
mark ends `lasts` seconds after `at`. `place` is as in `model.Cancellation`."""

attempts = Table(
    "attempts",
    metadata,
    _id("call_id"),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("owner"),
    _number("started_at"),
    _number("ended_at"),
    _text("outcome"),
    _text("reason"),
    _text("phase"),
    Column("status", Integer),
    _text("content_type"),
    _text("answer"),
    Column("retry_after", Double),
    _text("cause", server_default=""),
    sqlite_with_rowid=False,
)

refusals = Table(
    "refusals",
    metadata,
    _id(),
    _text("source"),
    _number("received_at"),
    Column("status", Integer, nullable=False),
    _text("code"),
    _text("detail"),
    _text("client"),
    _text("method"),
    _text("query"),
    _text("headers"),
    Column("body", LargeBinary, nullable=False),
    Column("body_size", Integer, nullable=False),
    Column("secrets", Text),
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("tat", Double, nullable=False),
    Column("slow", Double, nullable=False),
    _number("paused_at"),
    _text("paused_by"),
    _text("paused_reason"),
    _text("token_mark"),
    _text("health"),
)
"""The state of an account that all processes share: pace, pause and breaker."""

actions = Table(
    "actions",
    metadata,
    _id(),
    _number("at"),
    _text("who"),
    _text("what"),
    _text("why"),
    _text("kind"),
    _text("target"),
)
"""Decisions: who, when, why. `kind` is one of `audit.Kind`, `target` an id or name."""

pauses = Table(
    "pauses",
    metadata,
    Column("source", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    _number("paused_at"),
    _text("paused_by"),
    _text("paused_reason"),
)
"""Paused sources and rules; `rule` is empty for a whole source. `paused_at` is 0 after the pause has ended,
while its calls are being released."""

notes = Table("notes", metadata, Column("name", Text, primary_key=True), _text("text"))
"""Key-value pairs of the store, such as whether its calls are for the sandbox."""

answers = Table(
    "answers",
    metadata,
    Column("account", Text, primary_key=True),
    Column("url", Text, primary_key=True),
    Column("shape", Text, primary_key=True),
    _number("call_id"),
    _number("seen_at"),
    _number("confirmed_at"),
)
"""The shapes of answers that counted as done. `call_id` is the call with the first such answer;
`confirmed_at` is 0 until a person confirms that such an answer means success."""

alerts = Table(
    "alerts",
    metadata,
    Column("name", Text, primary_key=True),
    _number("sent_at"),
    _number("since"),
    _number("pending"),
    _text("detail"),
    _number("mark"),
)
"""One row per kind of alert: `pending` of them since `since`, the last in `detail`. `mark` is the last event
that was checked; in a row `silent/NAME` it is when that source was last reported as silent."""

tallies = Table(
    "tallies",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("shard", Integer, primary_key=True, autoincrement=False),
    _number("many"),
    _number("latest"),
    sqlite_with_rowid=False,
)
"""Counters: `many` things of a kind in the period that begins `at`, the latest of them at `latest`.
Concurrent transactions use different `shard`s, so that none waits for another's row lock."""
