"""Translates one SQL text for both databases.

`<lock>` and `<lock_free>` lock rows on PostgreSQL (FOR UPDATE), waiting for locked rows or skipping them;
`<lock_shared>` keeps others from changing rows. On SQLite they are empty: the writer has the whole database.
`<name_of_an_index>` after a table makes SQLite use that index: it keeps no statistics and would choose a
slower one. PostgreSQL chooses by its statistics. `<columns>` becomes the names of the result's columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import Connection, Executable, bindparam, column, text

DIALECTS = ("sqlite", "postgresql")
_WORD = re.compile(r"<(\w+)>")
_LOCKS = {"lock": "FOR UPDATE", "lock_free": "FOR UPDATE SKIP LOCKED", "lock_shared": "FOR SHARE"}


class Statement:
    """A statement with `:names`; those in `lists` take any number of values, as in `id IN :ids`.

    Name the columns of a statement that runs often: SQLAlchemy takes longer to find them than to run it.
    """

    def __init__(self, sql: str, *lists: str, columns: Sequence[str] = ()) -> None:
        self.sql = sql.replace("<columns>", ", ".join(columns))
        self._texts = {name: _prepared(self.sql, name, lists, columns) for name in DIALECTS}

    def of(self, connection: Connection) -> Executable:
        return self._texts[connection.dialect.name]


def _prepared(sql: str, dialect: str, lists: Sequence[str], columns: Sequence[str]) -> Executable:
    sql = in_dialect(sql, dialect)
    if dialect == "postgresql":
        # An array is one parameter, so the text is always the same and PostgreSQL prepares it.
        found = text(re.sub(r"\bIN (:\w+)", r"= ANY(\1)", sql))
    else:
        found = text(sql).bindparams(*(bindparam(one, expanding=True) for one in lists))
    return found.columns(*map(column, columns)) if columns else found


@lru_cache(maxsize=512)
def in_dialect(sql: str, dialect: str) -> str:
    """The statement in one database's SQL."""
    if dialect == "postgresql":
        return _WORD.sub(lambda found: _LOCKS.get(found[1], ""), sql)
    return _WORD.sub(lambda found: "" if found[1] in _LOCKS else f"INDEXED BY {found[1]}", sql)
