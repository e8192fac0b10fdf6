"""Small sequential ids, taken inside the transaction that uses them."""

from __future__ import annotations

from sqlalchemy import Connection, text

_NEXT_ROW = text("UPDATE sequences SET value = value + :many WHERE name = :name RETURNING value")
_NEXT_VALUES = text("SELECT nextval(CAST(:name AS regclass)) FROM generate_series(1, :many)")


def take_ids(connection: Connection, name: str, many: int) -> list[int]:
    """Take the next `many` ids of a table, ascending. A rolled back transaction may leave a gap."""
    if many == 0:
        return []
    if connection.dialect.name == "postgresql":
        asked = {"many": many, "name": f"{name}_ids"}
        return [int(value) for value in connection.execute(_NEXT_VALUES, asked).scalars()]
    last = int(connection.execute(_NEXT_ROW, {"many": many, "name": name}).scalar_one())
    return list(range(last - many + 1, last + 1))
