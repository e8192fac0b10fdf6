"""How often a password may be tried: counted in the store, for all processes together."""

from __future__ import annotations

import json
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias

from bridge.store.queue.due_calls import Transaction
from bridge.store.state import key_value

PER_ADDRESS: Final = 5
"""Wrong passwords that one address may send within `WINDOW_MS`."""
OVERALL: Final = 100
"""Wrong passwords that all addresses together may send within `WINDOW_MS`."""
WINDOW_MS: Final = 15 * 60_000
NOTE: Final = "console/tries"

Tries: TypeAlias = list[tuple[int, str]]
"""When and from where a password was tried that was not right, or is not known to be yet."""


def wait_ms(connection: Transaction, now: int, address: str) -> int:
    """For how long nothing more may be tried from there; 0 when it may be now."""
    return _wait(_recent(key_value.read(connection, NOTE), now), now, place_of(address))


def begin(connection: Transaction, now: int, address: str) -> int:
    """Count a try before it is made, so that many at once cannot slip through; not while one must wait."""
    tries = _recent(key_value.read_locked(connection, NOTE, "[]"), now)
    wait = _wait(tries, now, place_of(address))
    if not wait:
        key_value.write(connection, NOTE, json.dumps([*tries, (now, place_of(address))]))
    return wait


def succeeded(connection: Transaction, now: int, address: str) -> None:
    """The password was right: what was tried from there before is forgotten."""
    tries = _recent(key_value.read_locked(connection, NOTE, "[]"), now)
    kept = [(at, place) for at, place in tries if place != place_of(address)]
    key_value.write(connection, NOTE, json.dumps(kept))


def place_of(address: str) -> str:
    """The address, or the network that one customer of a provider has in IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)


def _recent(text: str | None, now: int) -> Tries:
    tries = json.loads(text or "[]")
    return [(at, place) for at, place in tries if now - WINDOW_MS < at <= now]


def _wait(tries: Tries, now: int, place: str) -> int:
    """Until the oldest try that fills a limit is out of the window."""
    own = [at for at, where in tries if where == place]
    full = [
        times[-limit]
        for times, limit in ((own, PER_ADDRESS), ([at for at, _ in tries], OVERALL))
        if len(times) >= limit
    ]
    return max((at + WINDOW_MS - now for at in full), default=0)
