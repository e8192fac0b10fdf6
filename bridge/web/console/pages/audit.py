"""Audit: everything that people decided, and every pause the bridge chose by itself."""

from __future__ import annotations

from typing import Final, get_args

from bridge.store.reports.audit import Action, Kind, page_of_actions
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.lists import asked, asked_page
from bridge.web.console.view.rendering import render, t, url

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


def register(console: Console) -> None:
    """Its place in the navigation."""
    console.place("audit", "/audit", audit, icon="shield")


def audit(console: Console) -> Answer:
    """Newest first, a page at a time; by one person, about one kind of thing."""
    who, kind = asked("who"), next((one for one in KINDS if one == asked("kind")), None)
    with console.side.store.read() as connection:
        actions = page_of_actions(connection, asked_page(), who, kind)
    return render(
        "audit",
        actions=actions,
        ways={one.id: _way(one) for one in actions.items},
        who=who,
        kind=kind,
        kinds=[("", t("common.any")), *((one, t(f"audit.kind.{one}")) for one in KINDS)],
        before=asked("before"),
    )


def _way(action: Action) -> str:
    """The page of what was decided about; empty where it has none."""
    if action.kind in ("call", "event") and action.target.isdecimal():
        return url(action.kind, number=int(action.target))
    return url("calls", account=action.target) if action.kind == "account" else ""
