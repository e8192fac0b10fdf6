"""Certificates of senders that sign with them, fetched from the URL they name and kept for a day.

Which hosts may be asked is decided before, by the source (`verify.signature.certificate.hosts`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final

from bridge.reasons.reason import Reason
from bridge.text.render import english

log = logging.getLogger(__name__)

KEPT_S: Final = 86400
KEPT_MOST: Final = 200
FETCHES_A_MINUTE: Final = 30
"""A forger may name any path of an allowed host: it must not make the bridge ask for each."""
TIMEOUT_S: Final = 2.0
"""For one certificate in all: a webhook waits for it."""
LARGEST: Final = 65536


def get(url: str, ca_file: str | None = None) -> bytes | None:
    """One certificate over TLS, without redirects or proxies; None if it cannot be fetched.

    Runs its own event loop: call it on a thread that has none.
    """
    return asyncio.run(_get(url, ca_file))


async def _get(url: str, ca_file: str | None) -> bytes | None:
    """Imported on first use: few sources ask for certificates, and an HTTP client takes 7 MB."""
    from bridge.dispatch.http import client, transport

    asking = client.Client(transport.Transport(ca_file=ca_file, cap=LARGEST), deadline=TIMEOUT_S)
    try:
        found = await asking.get(url)
    finally:
        asking.close()
    if isinstance(found, Reason):
        log.warning("cannot fetch certificate %s: %s", url, english(found))
        return None
    return found or None


@cache
def authorities() -> bytes:
    """The certification authorities (PEM) that requests trusts. Imported on first use, like the client."""
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    return Path(DEFAULT_CA_BUNDLE_PATH).read_bytes()


@dataclass(slots=True)
class Certificates:
    """Fetched once, kept for `KEPT_S` seconds. `clock` is in monotonic seconds."""

    get: Callable[[str], bytes | None] = get
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, tuple[float, bytes]] = field(default_factory=dict)
    _asked: list[float] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def fetch(self, url: str) -> bytes | None:
        """The certificate at the URL; None if it cannot be fetched now."""
        now = self.clock()
        with self._lock:
            at, data = self._kept.get(url, (0.0, b""))
            if data and now - at < KEPT_S:
                return data
            if not self._may_ask(now):
                return None
        found = self.get(url)
        if found:
            with self._lock:
                self._keep(url, now, found)
        return found

    def _may_ask(self, now: float) -> bool:
        self._asked = [at for at in self._asked if now - at < 60]
        if len(self._asked) >= FETCHES_A_MINUTE:
            return False
        self._asked.append(now)
        return True

    def _keep(self, url: str, now: float, data: bytes) -> None:
        while len(self._kept) >= KEPT_MOST:
            del self._kept[next(iter(self._kept))]
        self._kept[url] = now, data
