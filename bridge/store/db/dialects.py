"""One statement for both databases, with the few words in which they differ.

`<lock>` and `<lock_free>` stand where PostgreSQL locks rows, waiting for others or passing over what they
hold, `<lock_shared>` where it keeps others from changing them; on SQLite the writer has the whole database.
`<name_of_an_index>` stands behind a table where SQLite is told by which index to go: it keeps no statistics
and falls for another one. PostgreSQL knows by itself. `<columns>` stands for the names that the statement
gives.
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
    """A statement with its `:names`; those in `lists` stand for any number of values, as in `id IN :ids`.

    What runs often and gives many columns says which: finding that out takes longer than running it.
    """

    def __init__(self, sql: str, *lists: str, columns: Sequence[str] = ()) -> None:
        self.sql = sql.replace("<columns>", ", ".join(columns))
        self._texts = {name: _prepared(self.sql, name, lists, columns) for name in DIALECTS}

    def of(self, connection: Connection) -> Executable:
        return self._texts[connection.dialect.name]


def _prepared(sql: str, dialect: str, lists: Sequence[str], columns: Sequence[str]) -> Executable:
    sql = in_dialect(sql, dialect)
    if dialect == "postgresql":
        # An array is one parameter: the text is always the same, and prepared.
        found = text(re.sub(r"\bIN (:\w+)", r"= ANY(\1)", sql))
    else:
        found = text(sql).bindparams(*(bindparam(one, expanding=True) for one in lists))
    return found.columns(*map(column, columns)) if columns else found


@lru_cache(maxsize=512)
def in_dialect(sql: str, dialect: str) -> str:
    """The statement in the words of one database."""
    if dialect == "postgresql":
        return _WORD.sub(lambda found: _LOCKS.get(found[1], ""), sql)
    return _WORD.sub(lambda found: "" if found[1] in _LOCKS else f"INDEXED BY {found[1]}", sql)
