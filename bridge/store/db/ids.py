"""Small sequential ids, taken inside the transaction that uses them."""

from __future__ import annotations

from sqlalchemy import Connection

from bridge.store.db.dialects import Statement

_NEXT_ROW = Statement("UPDATE sequences SET value = value + :many WHERE name = :name RETURNING value")
_NEXT_VALUES = Statement("SELECT nextval(CAST(:name AS regclass)) FROM generate_series(1, :many)")


def take_ids(connection: Connection, name: str, many: int) -> list[int]:
    """Take the next `many` ids of a table, ascending. A rolled back transaction may leave a gap."""
    if many == 0:
        return []
    if connection.dialect.name == "postgresql":
        return [row[0] for row in _NEXT_VALUES.run(connection, many=many, name=f"{name}_ids")]
    last = _NEXT_ROW.run(connection, many=many, name=name)[0].value
    return list(range(last - many + 1, last + 1))
