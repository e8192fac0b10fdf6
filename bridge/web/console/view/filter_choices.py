"""What the fields of the lists' filters offer to choose from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from bridge.mapping.compile.compiler import Compiled
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports.call_views import doubts
from bridge.web.console.view.filters import Wanted
from bridge.web.console.view.rendering import cause, t

Offered: TypeAlias = list[tuple[str, str]]
"""Values, each with its words; the empty value asks for nothing."""

SPANS: Final = ("1h", "24h", "7d", "30d")
_FEW_RULES: Final = 200
"""More rules than these make no list to choose from."""


def names(known: Iterable[str], chosen: str) -> Offered:
    """Any name, or none; what is asked for is always among them."""
    offered = {*known, chosen} - {""}
    return [("", t("common.any")), *((name, name) for name in sorted(offered))]


def rules(compiled: Compiled, wanted: Wanted) -> Offered:
    """The rules of the source that is asked for, or of all; none where they are too many."""
    sources = [one for name, one in compiled.sources.items() if wanted["source"] in ("", name)]
    found = {rule.name for one in sources for rule in one.rules}
    return names(found, wanted["rule"]) if len(found) <= _FEW_RULES else []


def causes(connection: Transaction, wanted: Wanted) -> Offered:
    """Why calls are in doubt now; none where neither such calls nor a cause is asked for."""
    if wanted["state"] != "uncertain" and not wanted["cause"]:
        return []
    offered = {*(one.cause for one in doubts(connection)), wanted["cause"]} - {""}
    return [("", t("common.any")), *((code, cause(code)) for code in sorted(offered))]


def spans(wanted: Wanted) -> Offered:
    """How far back."""
    offered = [(span, t(f"common.since.{span}")) for span in SPANS]
    asked = wanted["since"]
    if asked not in ("", *SPANS):
        offered.append((asked, asked))
    return [("", t("common.any")), *offered]
