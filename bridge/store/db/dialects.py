"""Translates one SQL text for both databases.

`<lock>` and `<lock_free>` lock rows on PostgreSQL (FOR UPDATE), waiting for locked rows or skipping them;
`<lock_shared>` keeps others from changing rows. On SQLite they are empty: the writer has the whole database.
`<name_of_an_index>` after a table makes SQLite use that index: it keeps no statistics and would choose a
slower one. PostgreSQL chooses by its statistics. `<columns>` becomes the names of the result's columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from bridge.store.db import driver
from bridge.store.db.driver import AnyRow, RowReader

_WORD = re.compile(r"<(\w+)>")
_NAME = re.compile(r":(\w+)")
_LIST = re.compile(r"\bIN :(\w+)")
_LOCKS = {"lock": "FOR UPDATE", "lock_free": "FOR UPDATE SKIP LOCKED", "lock_shared": "FOR SHARE"}


class Statement:
    """A statement with `:names`. `id IN :ids` takes a list of any length.

    A list is one parameter, so that the text is always the same, and is prepared once.
    """

    def __init__(self, sql: str, columns: Sequence[str] = ()) -> None:
        self.sql = sql.replace("<columns>", ", ".join(columns))
        self._lists = _LIST.findall(self.sql)
        self._sqlite = _LIST.sub(r"IN (SELECT value FROM json_each(:\1))", in_dialect(self.sql, "sqlite"))
        arrays = _LIST.sub(r"= ANY(:\1)", in_dialect(self.sql, "postgresql"))
        self._postgres = _NAME.sub(r"%(\1)s", arrays.replace("%", "%%"))
        self._reader = RowReader()

    def run(self, connection: Connection, **values: Any) -> list[AnyRow]:
        """Run it and give the rows of its result."""
        return self._reader.rows(connection, *self._prepared(connection, values))

    def change(self, connection: Connection, **values: Any) -> int:
        """Run it and give the number of rows that it changed."""
        return driver.change(connection, *self._prepared(connection, values))

    def _prepared(self, connection: Connection, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if connection.dialect.name == "postgresql":
            return self._postgres, values
        for one in self._lists:
            values[one] = json.dumps(values[one])
        return self._sqlite, values


@lru_cache(maxsize=512)
def in_dialect(sql: str, dialect: str) -> str:
    """The statement in one database's SQL."""
    if dialect == "postgresql":
        return _WORD.sub(lambda found: _LOCKS.get(found[1], ""), sql)
    return _WORD.sub(lambda found: "" if found[1] in _LOCKS else f"INDEXED BY {found[1]}", sql)
