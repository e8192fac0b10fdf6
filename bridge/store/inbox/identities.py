"""How each source identified its events before `event:` changed, for as long as its sender repeats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from bridge.jsonpath.exact_numbers import from_json, to_json
from bridge.store.db.engine import Store
from bridge.store.state import key_value

_NAME = "identities"


class Declared(NamedTuple):
    """What a source declares."""

    event: str
    """Its `event:` as text; empty where it has none."""
    window: int
    """Seconds for which its sender repeats."""


class Former(NamedTuple):
    """An `event:` that was in use."""

    event: str
    until: int
    """Unix milliseconds; afterwards no repeat of that time is expected any more."""


def observe(store: Store, declared: Mapping[str, Declared]) -> dict[str, tuple[Former, ...]]:
    """Note what the sources declare now; by source, what they declared before. Raises StoreUnavailable."""
    with store.read() as connection:
        noted = key_value.read(connection, _NAME)
    known = from_json(noted) if noted else {}
    if any(name not in known or known[name]["event"] != one.event for name, one in declared.items()):
        with store.transaction() as connection:
            known = from_json(key_value.hold(connection, _NAME, "{}"))
            _change(known, declared, store.now(connection))
            key_value.write(connection, _NAME, to_json(known))
    return {
        name: tuple(Former(event, until) for event, until in known[name]["before"])
        for name in declared
        if known[name]["before"]
    }


def until(connection: Connection, now: int) -> dict[str, int]:
    """By source, until when its former ids count; only those that still do."""
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
