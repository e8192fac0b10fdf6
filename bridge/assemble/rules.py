"""Loads mappings and reloads them in the background; sends calls to the sandbox if it is configured."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from bridge.errors import StoreUnavailable
from bridge.mapping.compile.compiler import Compiled
from bridge.mapping_loader import LastGoodStore, MappingLoader
from bridge.model import Account
from bridge.settings import Settings
from bridge.store.db.engine import Store
from bridge.store.state import last_good_mappings

log = logging.getLogger(__name__)

SANDBOX_WORD = "sandbox"
"""The value of unset secrets and tokens while the sandbox replaces LeadConverter."""

_EVERY = 0.5
"""Seconds between two checks: a change must be in use within two seconds, one of which waits for its end."""
_FIRST = 2.5
"""Seconds that a start waits for the first check: a hanging database must not block it for longer."""


def mapping_loader(settings: Settings, store: Store | None = None) -> MappingLoader:
    """A loader of the owner's mappings, not read yet. With a store, the last good set is stored there."""
    placeholder = SANDBOX_WORD if settings.sandbox else None
    last_good = _last_good(store) if store else None
    return MappingLoader(settings.mappings, settings.environment, placeholder, last_good, settings.reread)


def start_reloading(
    rules: MappingLoader, on_check: Callable[[Compiled], None] = lambda _: None
) -> Callable[[], None]:
    """Load the mappings now and whenever their files change; returns a function that stops.

    `on_check` is called with the set in use after each check. Stop before you close the store that the loader
    writes its last good set to.
    """
    first, stop = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=_repeat, args=(rules, on_check, first, stop), name="mappings", daemon=True
    )
    thread.start()
    first.wait(_FIRST)

    def end() -> None:
        stop.set()
        thread.join(_FIRST)

    return end


def effective_accounts(settings: Settings, rules: MappingLoader) -> Mapping[str, Account]:
    """The accounts for which calls are sent: those with a token.

    With the sandbox all of them send there, without their real tokens.
    """
    known = rules.current.accounts
    if not settings.sandbox:
        return {name: account for name, account in known.items() if account.token}
    return {
        name: replace(account, url=settings.sandbox, token=f"{SANDBOX_WORD}-{name}")
        for name, account in known.items()
    }


def _last_good(store: Store) -> LastGoodStore:
    def recall() -> Mapping[str, bytes] | None:
        kept = last_good_mappings.kept(store)
        return kept.files if kept else None

    return LastGoodStore(lambda files: last_good_mappings.keep(store, files), recall)


def _repeat(
    rules: MappingLoader, on_check: Callable[[Compiled], None], first: threading.Event, stop: threading.Event
) -> None:
    _check(rules, on_check, unchanging=True)
    first.set()
    while not stop.wait(_EVERY):
        _check(rules, on_check)


def _check(rules: MappingLoader, on_check: Callable[[Compiled], None], *, unchanging: bool = False) -> None:
    try:
        rules.check(time.monotonic(), unchanging=unchanging)
        on_check(rules.current)
    except StoreUnavailable as error:
        log.warning("former ids of sources are not known yet: %s", error)
    except Exception:
        # An unexpected error must not end the thread.
        log.exception("checking the mappings failed")
