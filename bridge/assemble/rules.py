"""The mappings in use, kept fresh, with the sandbox in LeadConverter's place where it stands in."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace

from bridge.errors import BridgeError
from bridge.model import Account
from bridge.rulebook import Rulebook
from bridge.settings import Settings

log = logging.getLogger(__name__)

SANDBOX_WORD = "sandbox"
"""What every secret and token is that nobody set, while the sandbox stands in for LeadConverter."""

_REFRESH_SECONDS = 1.0


def rulebook(settings: Settings) -> Rulebook:
    """The owner's mappings, not yet read."""
    return Rulebook(settings.mappings, settings.environment, SANDBOX_WORD if settings.sandbox else None)


def keep_fresh(rules: Rulebook) -> None:
    """Read the mappings now, and from now on whenever their files change, for the life of the process."""
    _refresh(rules)
    threading.Thread(target=_repeat, args=(rules,), name="mappings", daemon=True).start()


def accounts(settings: Settings, rules: Rulebook) -> Mapping[str, Account]:
    """The accounts in use now. With the sandbox all of them lead there, and no real token goes along."""
    known = rules.current.accounts
    if not settings.sandbox:
        return known
    return {
        name: replace(account, url=settings.sandbox, token=f"{SANDBOX_WORD}-{name}")
        for name, account in known.items()
    }


def _repeat(rules: Rulebook) -> None:
    pause = threading.Event()
    while not pause.wait(_REFRESH_SECONDS):
        _refresh(rules)


def _refresh(rules: Rulebook) -> None:
    try:
        rules.refresh()
    except (BridgeError, OSError) as error:
        log.error("mappings cannot be read: %s", error)
