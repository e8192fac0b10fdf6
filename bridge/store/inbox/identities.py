"""Stores former values of each source's `event:`, for as long as its sender may repeat webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from bridge.jsonpath.exact_numbers import from_json, to_json
from bridge.store.db.engine import Store
from bridge.store.state import key_value

_NAME = "identities"


class Declared(NamedTuple):
    """How a source identifies its events."""

    event: str
    """Its `event:` as text; empty if it has none."""
    window: int
    """Seconds for which its sender may repeat a webhook."""


class Former(NamedTuple):
    """A former value of `event:`."""

    event: str
    until: int
    """Unix milliseconds until when repeats of webhooks from that time may arrive."""


def record(store: Store, declared: Mapping[str, Declared]) -> dict[str, tuple[Former, ...]]:
    """Store what the sources declare; returns former values by source. Raises StoreUnavailable."""
    with store.read() as connection:
        noted = key_value.read(connection, _NAME)
    known = from_json(noted) if noted else {}
    if any(name not in known or known[name]["event"] != one.event for name, one in declared.items()):
        with store.transaction() as connection:
            known = from_json(key_value.read_locked(connection, _NAME, "{}"))
            _change(known, declared, store.now(connection))
            key_value.write(connection, _NAME, to_json(known))
    return {
        name: tuple(Former(event, until) for event, until in known[name]["before"])
        for name in declared
        if known[name]["before"]
    }


def until(connection: Connection, now: int) -> dict[str, int]:
    """Until when former ids count, by source; only sources whose former ids still count."""
    noted = key_value.read(connection, _NAME)
    known = from_json(noted) if noted else {}
    ends = {name: max((end for _, end in one["before"]), default=0) for name, one in known.items()}
    return {name: end for name, end in sorted(ends.items()) if end > now}


def _change(known: dict[str, Any], declared: Mapping[str, Declared], now: int) -> None:
    for name, one in declared.items():
        entry = known.setdefault(name, {"event": one.event, "before": []})
        if entry["event"] == one.event:
            continue
        last = (entry["event"], now + one.window * 1000)
        others = [(event, until) for event, until in entry["before"] if until > now and event != one.event]
        known[name] = {"event": one.event, "before": [last, *others]}
