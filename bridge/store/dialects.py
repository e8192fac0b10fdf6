"""One statement for both databases, with the few words in which they differ.

`<lock>` and `<lock_free>` stand where PostgreSQL locks rows, waiting for others or passing over what they
hold, `<lock_shared>` where it keeps others from changing them; on SQLite the writer has the whole database.
`<name_of_an_index>` stands behind a table where SQLite is told by which index to go: it keeps no statistics
and falls for another one. PostgreSQL knows by itself.
"""

from __future__ import annotations

import re
from functools import lru_cache

from sqlalchemy import Connection, TextClause, bindparam, text

_WORD = re.compile(r"<(\w+)>")
_LOCKS = {"lock": "FOR UPDATE", "lock_free": "FOR UPDATE SKIP LOCKED", "lock_shared": "FOR SHARE"}


class Statement:
    """A statement with its `:names`; those in `lists` stand for any number of values, as in `id IN :ids`."""

    def __init__(self, sql: str, *lists: str) -> None:
        self._texts = {
            name: text(in_dialect(sql, name)).bindparams(*(bindparam(one, expanding=True) for one in lists))
            for name in ("sqlite", "postgresql")
        }

    def of(self, connection: Connection) -> TextClause:
        return self._texts[connection.dialect.name]


@lru_cache(maxsize=512)
def in_dialect(sql: str, dialect: str) -> str:
    """The statement in the words of one database."""
    if dialect == "postgresql":
        return _WORD.sub(lambda found: _LOCKS.get(found[1], ""), sql)
    return _WORD.sub(lambda found: "" if found[1] in _LOCKS else f"INDEXED BY {found[1]}", sql)
