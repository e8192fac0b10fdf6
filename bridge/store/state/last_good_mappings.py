"""The last good set of mapping files, kept so that it outlives a restart with broken ones.

The texts as they stand on disk: secrets are named in them, never written.
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
    """A set of files that was in use."""

    at: int
    """Since when, in unix milliseconds."""
    files: Mapping[str, bytes]
    """Their texts by path."""


def keep(store: Store, files: Mapping[str, bytes]) -> None:
    """Keep a set in place of the one before, unless it is the same; raises StoreUnavailable."""
    before = kept(store)
    if before is not None and before.files == files:
        return
    # A name that is not UTF-8 is only for people to read.
    texts = {path.encode(errors="replace").decode(): data.decode() for path, data in files.items()}
    with store.transaction() as connection:
        key_value.write(connection, _NAME, to_json({"at": store.now(connection), "files": texts}))


def kept(store: Store) -> KeptSet | None:
    """The set that was kept; None where none ever was. Raises StoreUnavailable."""
    with store.read() as connection:
        noted = key_value.read(connection, _NAME)
    if noted is None:
        return None
    found = from_json(noted)
    return KeptSet(found["at"], {path: text.encode() for path, text in found["files"].items()})
