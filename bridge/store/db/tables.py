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

from bridge.model import State

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
"""What a call is held by while its source or its rule is paused."""

IDS = ("events", "calls", "refusals", "actions", "repeats")
"""Tables whose ids are taken inside the transaction: from `sequences`, or on PostgreSQL from a sequence."""

for _name in IDS:
    Sequence(f"{_name}_ids", metadata=metadata)


_ID = BigInteger().with_variant(Integer, "sqlite")
"""SQLite makes only an INTEGER key the row's own number."""


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
"""One row per event. `key` is the sender's own id. `delivery` is the event that holds the raw query, headers
and body of their common webhook, and the `reply` to it if that was made for it; the others of a batch have
none. Bodies may be purged before rows. `secrets`: where its source read secrets in it; NULL of rows from
before that was stored."""

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
"""Which event an id, type and content of a source identifies, until when."""

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

_STATES = ", ".join(f"'{state}'" for state in State)

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
    UniqueConstraint("event_id", "rule", "item", "parent"),
    CheckConstraint(f"state IN ({_STATES})", name="state"),
    CheckConstraint("order_mode IN ('strict', 'relaxed', 'none')", name="order_mode"),
    CheckConstraint("state NOT IN ('claimed', 'sending') OR owner <> ''", name="owner"),
)
"""One row per call. `request` is the rendered bot start. `holds_until`: while the call is queued or
uncertain, later calls of its recipient wait until then. `held_by`: the call it was last found waiting for,
out of the claimers' sight until that call moves or `held_until` comes; PAUSED while a pause holds it.
`cause`: why its last attempt in doubt may have run, as in `model.CAUSES`; empty while none was."""

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
"""What the processes share about one account: pace, pause and breaker."""

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
"""Everything a person decided: who, when, why. `kind` is that of `audit.Kind`, `target` an id or name."""

pauses = Table(
    "pauses",
    metadata,
    Column("source", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    _number("paused_at"),
    _text("paused_by"),
    _text("paused_reason"),
)
"""Sources, or single rules of theirs, whose calls are held back; `rule` is empty for all of a source's.
`paused_at` is 0 once it has ended, while its calls are being let go."""

notes = Table("notes", metadata, Column("name", Text, primary_key=True), _text("text"))
"""What the store remembers of itself, such as whether its calls are for the sandbox."""

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
"""The shapes of answers that counted as done. `call_id` got the first of each; `confirmed_at` is 0 until a
person has said that such an answer is success."""

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
"""One row per kind of thing that the owner is told of: `pending` of them since `since`, the last in `detail`.
`mark` is how far events were looked at; with `silent/NAME` as name it is when that source was last missed."""

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
"""Counters: `many` things of a kind in the stretch of time that begins `at`, the latest of them at `latest`.
`shard` is whose counter it is: no two transactions under way add to the same."""
