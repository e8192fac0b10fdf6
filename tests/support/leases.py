"""Time that need not be waited for."""

from __future__ import annotations

from bridge.store.db.engine import Store

_AGE = "UPDATE calls SET lease_until = lease_until - 60000 WHERE state IN ('claimed', 'sending')"


def lapse(store: Store) -> None:
    """The leases of the dead, a minute later. Call it when nobody alive holds one."""
    with store.transaction() as connection:
        connection.exec_driver_sql(_AGE)
