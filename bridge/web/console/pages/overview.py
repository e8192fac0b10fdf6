"""Overview: how the bridge is doing."""

from __future__ import annotations

from typing import Any

from bridge.dispatch import health
from bridge.store import figures
from bridge.web.console.registry import Answer, Console
from bridge.web.console.rendering import render


def register(console: Console) -> None:
    """Its place in the navigation, and what its live part asks for."""
    console.place("overview", "/", overview, icon="gauge")
    console.page("overview_now", "/overview/now", now, place="overview")


def overview(console: Console) -> Answer:
    """The whole page."""
    return render("overview", **_seen(console))


def now(console: Console) -> Answer:
    """What changes while one looks."""
    return render("overview/now", **_seen(console))


def _seen(console: Console) -> dict[str, Any]:
    store = console.side.store
    with store.read() as connection:
        seen = figures.look(connection, store.now(connection))
    gates = {
        queue.account.name: health.from_text(queue.account.health).breaker.gate.value for queue in seen.queues
    }
    lookout = console.side.lookout
    return {
        "seen": seen,
        "gates": gates,
        "problems": {**lookout.problems(), **lookout.warnings()},
        "oldest": max((queue.oldest_ms for queue in seen.queues), default=0),
    }
