"""Creates the first tables: events, calls, attempts, refusals, accounts and decisions."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LIVE = ("queued", "claimed", "sending", "uncertain", "waiting")
STATES = (*LIVE, "done", "refused", "exhausted", "expired", "cancelled")
IDS = ("events", "calls", "refusals", "actions")


def upgrade() -> None:
    """Create all tables."""
    _create_ids()
    _create_events()
    _create_calls()
    _create_attempts()
    _create_refusals()
    _create_accounts()
    _create_actions()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _id(name: str) -> sa.Column[int]:
    wide = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, wide, nullable=False, autoincrement=False)


def _index(name: str, table: str, columns: list[str], where: str | None = None, unique: bool = False) -> None:
    only: dict[str, Any] = {}
    if where is not None:
        only = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}
    op.create_index(name, table, columns, unique=unique, **only)


def _vacuum_often(table: str) -> None:
    """Make PostgreSQL vacuum and analyze sooner than after a fifth of the rows: calls change many times."""
    if op.get_bind().dialect.name == "postgresql":
        factors = "autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02"
        op.execute(f"ALTER TABLE {table} SET ({factors})")


def _create_ids() -> None:
    op.create_table(
        "sequences", _text("name"), _number("value"), sa.PrimaryKeyConstraint("name", name="sequences_pk")
    )
    if op.get_bind().dialect.name == "postgresql":
        for name in IDS:
            op.execute(sa.schema.CreateSequence(sa.Sequence(f"{name}_ids")))
    else:
        rows = [{"name": name, "value": 0} for name in IDS]
        op.bulk_insert(sa.table("sequences", sa.column("name"), sa.column("value")), rows)


def _create_events() -> None:
    op.create_table(
        "events",
        _id("id"),
        _number("delivery"),
        _text("source"),
        _text("key"),
        _text("type"),
        _number("received_at"),
        _text("client"),
        _text("verified"),
        _text("method"),
        sa.Column("query", sa.Text(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("parameters", sa.Text(), nullable=True),
        _text("result"),
        _text("error"),
        _text("rules_version"),
        _text("verdicts"),
        _text("failures"),
        sa.PrimaryKeyConstraint("id", name="events_pk"),
        sa.CheckConstraint(
            "result IN ('matched', 'unmatched', 'failed', 'unreadable', 'ignored')",
            name=op.f("events_result_check"),
        ),
    )
    op.create_table(
        "dedup",
        _text("source"),
        _text("key"),
        _number("event_id"),
        _number("expires_at"),
        sa.PrimaryKeyConstraint("source", "key", name="dedup_pk"),
        sqlite_with_rowid=False,
    )
    _index("events_by_key", "events", ["key"])
    _index("events_by_source", "events", ["source", "id"])
    _index("events_of_batches", "events", ["delivery"], where="delivery <> id")
    _index("events_to_mend", "events", ["result", "id"], where="result IN ('failed', 'unreadable')")
    _index("dedup_by_end", "dedup", ["expires_at"])


def _create_calls() -> None:
    _create_call_table()
    _create_call_indexes()
    _vacuum_often("calls")


def _create_call_table() -> None:
    op.create_table(
        "calls",
        _id("id"),
        _number("event_id"),
        _text("source"),
        _text("rule"),
        _small("item"),
        _number("parent"),
        _text("account"),
        _text("recipient"),
        _text("request"),
        _text("order_mode"),
        _text("on_uncertain"),
        _text("state"),
        _small("attempt"),
        _small("answered"),
        _small("resends"),
        sa.Column("had_uncertain", sa.Boolean(), nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="calls_pk"),
        sa.UniqueConstraint("event_id", "rule", "item", "parent", name="calls_event_id_rule_item_parent_key"),
        sa.CheckConstraint(
            "order_mode IN ('strict', 'relaxed', 'none')", name=op.f("calls_order_mode_check")
        ),
        sa.CheckConstraint(
            "state NOT IN ('claimed', 'sending') OR owner <> ''", name=op.f("calls_owner_check")
        ),
        sa.CheckConstraint(
            f"state IN ({', '.join(repr(state) for state in STATES)})",
            name=op.f("calls_state_check"),
        ),
    )


def _create_call_indexes() -> None:
    _index("calls_by_end", "calls", ["expires_at"], where="state IN ('queued', 'waiting')")
    _index("calls_by_lease", "calls", ["lease_until"], where="state IN ('claimed', 'sending')")
    _index("calls_by_recipient", "calls", ["recipient", "id"])
    _index("calls_by_release", "calls", ["held_until"], where="state = 'queued' AND held_by <> 0")
    _index("calls_by_state", "calls", ["state", "id"])
    _index("calls_held", "calls", ["account", "recipient", "id"], where="state = 'queued' AND held_by <> 0")
    _index(
        "calls_in_flight",
        "calls",
        ["account", "recipient"],
        where="state IN ('claimed', 'sending')",
        unique=True,
    )
    _index("calls_in_lane", "calls", ["account", "recipient", "id"], where="state IN ('queued', 'uncertain')")
    _index("calls_ready", "calls", ["account", "due_at", "id"], where="state = 'queued' AND held_by = 0")


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        _id("call_id"),
        _small("number"),
        _text("owner"),
        _number("started_at"),
        _number("ended_at"),
        _text("outcome"),
        _text("reason"),
        _text("phase"),
        sa.Column("status", sa.Integer(), nullable=True),
        _text("content_type"),
        _text("answer"),
        sa.Column("retry_after", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("call_id", "number", name="attempts_pk"),
        sqlite_with_rowid=False,
    )


def _create_refusals() -> None:
    op.create_table(
        "refusals",
        _id("id"),
        _text("source"),
        _number("received_at"),
        _small("status"),
        _text("code"),
        _text("detail"),
        _text("client"),
        _text("method"),
        _text("query"),
        _text("headers"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _small("body_size"),
        sa.PrimaryKeyConstraint("id", name="refusals_pk"),
    )
    _index("refusals_by_source", "refusals", ["source", "id"])


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        _text("name"),
        sa.Column("tat", sa.Double(), nullable=False),
        sa.Column("slow", sa.Double(), nullable=False),
        _number("paused_at"),
        _text("paused_by"),
        _text("paused_reason"),
        _text("token_mark"),
        _text("health"),
        sa.PrimaryKeyConstraint("name", name="accounts_pk"),
    )


def _create_actions() -> None:
    op.create_table(
        "actions",
        _id("id"),
        _number("at"),
        _text("who"),
        _text("what"),
        _text("why"),
        _text("kind"),
        _text("target"),
        sa.PrimaryKeyConstraint("id", name="actions_pk"),
    )
    _index("actions_by_target", "actions", ["kind", "target", "id"])
