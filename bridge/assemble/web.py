"""A web process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.assemble.rules import keep_fresh, rulebook
from bridge.errors import BridgeError
from bridge.intake import Intake
from bridge.rulebook import Rulebook
from bridge.settings import Settings
from bridge.store import events
from bridge.store.engine import Store, open_store
from bridge.store.wake import Waker
from bridge.store.writer import Writer


@dataclass(frozen=True, slots=True)
class WebSide:
    """What a web process needs."""

    settings: Settings
    rulebook: Rulebook
    store: Store
    intake: Intake

    @property
    def sandboxed(self) -> bool:
        """Whether the sandbox stands in for LeadConverter."""
        return bool(self.settings.sandbox)

    def problems(self) -> Mapping[str, str]:
        """What keeps this process from its work now, by part; empty when all is well."""
        wrong: dict[str, str] = {}
        try:
            self.store.check()
        except BridgeError as error:
            wrong["database"] = error.message
        if not self.rulebook.ready:
            wrong["mappings"] = "no valid mappings: run leadbridge check"
        elif self.rulebook.stale:
            wrong["mappings"] = "the files are broken, an older set is in use: run leadbridge check"
        return wrong


def web_side(settings: Settings) -> WebSide:
    """Opens the store, reads the mappings and starts the writer. Broken mappings do not stop the process."""
    store = open_store(settings.database_url)
    rules = rulebook(settings)
    keep_fresh(rules)
    intake = Intake(
        rulebook=rules,
        writer=Writer(store, events.writing(store)),
        heard_of=lambda source: events.heard_of(store, source),
        wake=Waker(store).wake,
    )
    return WebSide(settings, rules, store, intake)
