"""Audit: everything that people decided, and every pause the bridge chose by itself."""

from __future__ import annotations

from bridge.store.audit import page_of_actions
from bridge.web.console.lists import asked, asked_page
from bridge.web.console.registry import Answer, Console
from bridge.web.console.rendering import render


def register(console: Console) -> None:
    """Its place in the navigation."""
    console.place("audit", "/audit", audit, icon="shield")


def audit(console: Console) -> Answer:
    """Newest first, a page at a time."""
    with console.side.store.read() as connection:
        actions = page_of_actions(connection, asked_page())
    return render("audit", actions=actions, before=asked("before"))
