"""Stores with each webhook where its source reads secrets, so that pages can hide them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("events", "refusals"):
        op.add_column(table, sa.Column("secrets", sa.Text(), nullable=True))
