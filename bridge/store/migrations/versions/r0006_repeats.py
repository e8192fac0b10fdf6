"""Adds type and content to the key of events; adds stored repeats, and replies to repeats."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COPY = """
INSERT INTO dedup (source, key, type, content, event_id, expires_at)
SELECT d.source, d.key, COALESCE(e.type, ''), '', d.event_id, d.expires_at
FROM dedup_before d LEFT JOIN events e ON e.id = d.event_id
"""


def upgrade() -> None:
    _key_by_type()
    op.add_column("events", sa.Column("reply", sa.Text()))
    _create_repeats()


def _key_by_type() -> None:
    op.drop_index("dedup_by_end", "dedup")
    op.rename_table("dedup", "dedup_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX dedup_pk RENAME TO dedup_before_pk")
    op.create_table(
        "dedup",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "key", "type", "content", name="dedup_pk"),
        sqlite_with_rowid=False,
    )
    op.execute(_COPY)
    _shorten_types()
    op.drop_table("dedup_before")
    op.create_index("dedup_by_end", "dedup", ["expires_at"])


def _shorten_types() -> None:
    """The key as the program computes it from this revision on, with a limited length."""
    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT DISTINCT type FROM dedup WHERE length(type) > 100"))
    for (kind,) in found.all():
        short = f"{kind[:35]}:{hashlib.sha256(kind.encode()).hexdigest()}"
        change = sa.text("UPDATE dedup SET type = :short WHERE type = :kind")
        connection.execute(change, {"short": short, "kind": kind})


def _create_repeats() -> None:
    text = [sa.Column(name, sa.Text(), nullable=False) for name in ("client", "verified", "difference")]
    op.create_table(
        "repeats",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        *text,
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("query", sa.Text()),
        sa.Column("headers", sa.Text()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("body_size", sa.BigInteger(), nullable=False),
        sa.Column("taken_as", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "difference IN ('none', 'content', 'outcome', 'unknown')", name=op.f("repeats_difference_check")
        ),
        sa.PrimaryKeyConstraint("id", name="repeats_pk"),
    )
    op.create_index("repeats_by_event", "repeats", ["event_id", "id"])
    open_ones = sa.text("difference = 'outcome' AND taken_as = 0")
    op.create_index(
        "repeats_in_doubt",
        "repeats",
        ["source", "id"],
        sqlite_where=open_ones,
        postgresql_where=open_ones,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("repeats_ids")))
    else:
        op.execute("INSERT INTO sequences (name, value) VALUES ('repeats', 0)")
