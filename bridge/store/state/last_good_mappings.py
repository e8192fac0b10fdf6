"""Stores the last good set of mapping files, for a restart while the files on disk are broken.

The texts contain no secrets, only the names of variables that hold them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.jsonpath.exact_numbers import from_json, to_json
from bridge.store.db.engine import Store
from bridge.store.state import key_value

_NAME = "mappings"


@dataclass(frozen=True, slots=True)
class KeptSet:
    """A stored set of files."""

    at: int
    """Since when, in unix milliseconds."""
    files: Mapping[str, bytes]
    """Their texts by path."""


def keep(store: Store, files: Mapping[str, bytes]) -> None:
    """Store a set instead of the previous one, unless it is the same; raises StoreUnavailable."""
    before = kept(store)
    if before is not None and before.files == files:
        return
    # Replacing invalid UTF-8 in a name does no harm: names are only shown to people.
    texts = {path.encode(errors="replace").decode(): data.decode() for path, data in files.items()}
    with store.transaction() as connection:
        key_value.write(connection, _NAME, to_json({"at": store.now(connection), "files": texts}))


def kept(store: Store) -> KeptSet | None:
    """The stored set; None if there is none. Raises StoreUnavailable."""
    with store.read() as connection:
        noted = key_value.read(connection, _NAME)
    if noted is None:
        return None
    found = from_json(noted)
    return KeptSet(found["at"], {path: text.encode() for path, text in found["files"].items()})
