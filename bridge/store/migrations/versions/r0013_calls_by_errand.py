"""Finds the open calls of an errand by their rule, too: of one key there may be any number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_OPEN = sa.text("errand <> '' AND state IN ('waiting', 'queued', 'claimed', 'sending', 'uncertain')")


def upgrade() -> None:
    op.drop_index("calls_by_errand", "calls")
    op.create_index(
        "calls_by_errand",
        "calls",
        ["account", "errand", "source", "rule", "id"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
