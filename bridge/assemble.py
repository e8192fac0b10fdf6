"""Settings become a running bridge. The only place where constructors meet."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bridge.errors import BridgeError
from bridge.intake import Intake
from bridge.model import Account
from bridge.rulebook import Rulebook
from bridge.settings import Settings
from bridge.store import events
from bridge.store.engine import Store, open_store
from bridge.store.wake import Waker
from bridge.store.writer import Writer

log = logging.getLogger(__name__)

SANDBOX_WORD = "sandbox"
"""What every secret and token is that nobody set, while the sandbox stands in for LeadConverter."""

_REFRESH_SECONDS = 1.0


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


def rulebook(settings: Settings) -> Rulebook:
    """The owner's mappings; with the sandbox, secrets that nobody set read as the word `sandbox`."""
    environment = settings.environment
    if settings.sandbox:
        environment = {"LEADCONVERTER_TOKEN": SANDBOX_WORD, **environment}
    return Rulebook(settings.mappings, environment, SANDBOX_WORD if settings.sandbox else None)


def accounts(settings: Settings, rules: Rulebook) -> Mapping[str, Account]:
    """The accounts in use now. With the sandbox all of them lead there, and no real token goes along."""
    known = rules.current.accounts
    if not settings.sandbox:
        return known
    return {
        name: replace(account, url=settings.sandbox, token=f"{SANDBOX_WORD}-{name}")
        for name, account in known.items()
    }


def web_side(settings: Settings) -> WebSide:
    """Opens the store, reads the mappings and starts the writer. Broken mappings do not stop the process."""
    store = open_store(settings.database_url)
    rules = rulebook(settings)
    _refresh(rules)
    _every(_REFRESH_SECONDS, lambda: _refresh(rules))
    intake = Intake(
        rulebook=rules,
        writer=Writer(store, events.writing(store)),
        heard_of=lambda source: events.heard_of(store, source),
        wake=Waker(store).wake,
    )
    return WebSide(settings, rules, store, intake)


def _refresh(rules: Rulebook) -> None:
    try:
        rules.refresh()
    except (BridgeError, OSError) as error:
        log.error("mappings cannot be read: %s", error)


def _every(seconds: float, act: Callable[[], None]) -> threading.Event:
    """Repeat an action in the background until the event is set."""
    stop = threading.Event()

    def repeat() -> None:
        while not stop.wait(seconds):
            act()

    threading.Thread(target=repeat, daemon=True).start()
    return stop
