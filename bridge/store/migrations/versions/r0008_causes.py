"""Adds the cause why a call may have run. Old rows get it from their attempts, or else `recorded`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ATTEMPTS = """
UPDATE attempts SET cause = CASE
  WHEN status >= 500 THEN 'http_' || status
  WHEN status BETWEEN 200 AND 299 AND reason LIKE '%with an HTML page%' THEN 'html'
  WHEN status BETWEEN 200 AND 299 AND phase <> 'complete' THEN 'cut'
  WHEN status BETWEEN 200 AND 299 THEN 'unreadable'
  WHEN phase = '' AND status IS NULL THEN 'died'
  WHEN phase = 'sending' AND status IS NULL THEN 'internal'
  ELSE 'recorded' END
WHERE outcome = 'uncertain'
"""
_CALLS = """
UPDATE calls SET cause = COALESCE(
  (SELECT a.cause FROM attempts a WHERE a.call_id = calls.id AND a.outcome = 'uncertain'
   ORDER BY a.number DESC LIMIT 1), 'recorded')
WHERE had_uncertain
"""


def upgrade() -> None:
    for table in ("calls", "attempts"):
        op.add_column(table, sa.Column("cause", sa.Text(), nullable=False, server_default=""))
    op.execute(_ATTEMPTS)
    op.execute(_CALLS)
