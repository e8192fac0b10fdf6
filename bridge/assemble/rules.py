"""The mappings in use, kept fresh, with the sandbox in LeadConverter's place where it stands in."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from bridge.errors import StoreUnavailable
from bridge.mapping.compile.compiler import Compiled
from bridge.mapping_loader import MappingLoader, Memory
from bridge.model import Account
from bridge.settings import Settings
from bridge.store.db.engine import Store
from bridge.store.state import last_good_mappings

log = logging.getLogger(__name__)

SANDBOX_WORD = "sandbox"
"""What every secret and token is that nobody set, while the sandbox stands in for LeadConverter."""

_EVERY = 0.5
"""Seconds between two looks: a change is in use within two seconds, and half of that is for its end."""
_FIRST = 2.5
"""Seconds that a start waits for the first look: a database that hangs must not stop it for longer."""


def mapping_loader(settings: Settings, store: Store | None = None) -> MappingLoader:
    """The owner's mappings, not yet read. With a store, the last good set outlives the process there."""
    placeholder = SANDBOX_WORD if settings.sandbox else None
    memory = _memory(store) if store else None
    return MappingLoader(settings.mappings, settings.environment, placeholder, memory, settings.reread)


def keep_fresh(
    rules: MappingLoader, take_up: Callable[[Compiled], None] = lambda _: None
) -> Callable[[], None]:
    """Read the mappings now, and from now on whenever their files change, until what this returns is called.

    `take_up` is called with the set in use after each look.

    Call it before you close the store that the mapping_loader writes its last good set to.
    """
    first, stop = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=_repeat, args=(rules, take_up, first, stop), name="mappings", daemon=True
    )
    thread.start()
    first.wait(_FIRST)

    def end() -> None:
        stop.set()
        thread.join(_FIRST)

    return end


def accounts(settings: Settings, rules: MappingLoader) -> Mapping[str, Account]:
    """The accounts that calls go out for now: those with a token.

    With the sandbox all of them lead there, and no real token goes along.
    """
    known = rules.current.accounts
    if not settings.sandbox:
        return {name: account for name, account in known.items() if account.token}
    return {
        name: replace(account, url=settings.sandbox, token=f"{SANDBOX_WORD}-{name}")
        for name, account in known.items()
    }


def _memory(store: Store) -> Memory:
    def recall() -> Mapping[str, bytes] | None:
        kept = last_good_mappings.kept(store)
        return kept.files if kept else None

    return Memory(lambda files: last_good_mappings.keep(store, files), recall)


def _repeat(
    rules: MappingLoader, take_up: Callable[[Compiled], None], first: threading.Event, stop: threading.Event
) -> None:
    _look(rules, take_up, at_rest=True)
    first.set()
    while not stop.wait(_EVERY):
        _look(rules, take_up)


def _look(rules: MappingLoader, take_up: Callable[[Compiled], None], *, at_rest: bool = False) -> None:
    try:
        rules.look(time.monotonic(), at_rest=at_rest)
        take_up(rules.current)
    except StoreUnavailable as error:
        log.warning("former ids of sources are not known yet: %s", error)
    except Exception:
        # A look that fails must not be the last one.
        log.exception("looking at the mappings failed")
