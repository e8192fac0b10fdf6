"""Run by Alembic for each upgrade, on the connection and in the transaction of `migrate.upgrade`."""

from __future__ import annotations

from alembic import context

from bridge.store.db.indexes import SCHEMA

context.configure(connection=context.config.attributes["connection"], target_metadata=SCHEMA)
context.run_migrations()
