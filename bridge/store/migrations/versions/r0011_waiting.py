"""Adds calls that wait until they are due, errands with their marks, and what cancellations did.

Calls from before are sent in the order of their ids, as until now.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_OPEN = "errand <> '' AND state IN ('waiting', 'queued', 'claimed', 'sending', 'uncertain')"


def upgrade() -> None:
    _add_columns()
    _create_errands()
    _create_cancellations()
    _create_indexes()


def _add_columns() -> None:
    for column in (
        _number("place", server_default="0"),
        _text("errand", server_default=""),
        _number("put_off_until", server_default="0"),
        _number("cancelled_by", server_default="0"),
    ):
        op.add_column("calls", column)
    op.execute("UPDATE calls SET place = id")


def _create_errands() -> None:
    op.create_table(
        "errands",
        _text("account"),
        _text("key"),
        _number("mark_until"),
        _number("mark_event"),
        _number("shadow_until"),
        _number("shadow_event"),
        sa.PrimaryKeyConstraint("account", "key", name="errands_pk"),
        sqlite_with_rowid=False,
    )


def _create_cancellations() -> None:
    op.create_table(
        "cancellations",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        _number("event_id"),
        _text("rule"),
        sa.Column("item", sa.Integer(), nullable=False),
        _text("account"),
        _text("key"),
        _number("lasts"),
        _number("place"),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        _number("at"),
        _text("effects"),
        sa.PrimaryKeyConstraint("id", name="cancellations_pk"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("cancellations_ids")))
    else:
        op.execute("INSERT INTO sequences (name, value) VALUES ('cancellations', 0)")


def _create_indexes() -> None:
    for name, where in (
        ("calls_in_lane", "state IN ('queued', 'uncertain')"),
        ("calls_held", "state = 'queued' AND held_by <> 0"),
    ):
        op.drop_index(name, "calls")
        _index(name, ["account", "recipient", "place"], where)
    _index("calls_waiting", ["due_at", "id"], "state = 'waiting'")
    _index("calls_by_errand", ["account", "errand", "id"], _OPEN)
    op.create_index("cancellations_by_event", "cancellations", ["event_id", "id"])
    op.create_index("cancellations_by_errand", "cancellations", ["account", "key", "id"])


def _index(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "calls", columns, sqlite_where=condition, postgresql_where=condition)


def _number(name: str, server_default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default=server_default)


def _text(name: str, server_default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=server_default)
