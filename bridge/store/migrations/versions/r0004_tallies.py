"""Adds counters, and indexes for events by type and result and for calls by rule.

What happened before is not counted, but for the calls that wait: their number is a sum from the first on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WAITING = """
INSERT INTO tallies (kind, at, source, name, shard, many, latest)
SELECT 'call:waiting', 0, source, account, 0, count(*), max(created_at) FROM calls
WHERE state IN ('queued', 'claimed', 'sending', 'waiting') GROUP BY source, account
"""


def upgrade() -> None:
    _create_tallies()
    op.execute(_WAITING)
    _create_indexes()


def _create_tallies() -> None:
    op.create_table(
        "tallies",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("many", sa.BigInteger(), nullable=False),
        sa.Column("latest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "at", "source", "name", "shard", name="tallies_pk"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        # A counter changes with every commit: room on its page keeps that from touching the index.
        op.execute("ALTER TABLE tallies SET (fillfactor = 50)")


def _create_indexes() -> None:
    op.drop_index("events_to_mend", "events")
    only = sa.text("result <> 'matched'")
    op.create_index("events_by_result", "events", ["result", "id"], sqlite_where=only, postgresql_where=only)
    op.create_index("events_by_type", "events", ["source", "type", "id"])
    op.create_index("calls_by_rule", "calls", ["source", "rule", "id"])
