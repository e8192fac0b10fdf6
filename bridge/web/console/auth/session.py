"""Who looks at the console: known by a signed cookie, for twelve hours."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from bridge.store.reports import audit
from bridge.web.console.auth.cookies import Sealer
from bridge.web.console.auth.passwords import Keys, Role

HOURS: Final = 12
LOCAL: Final = "local"
"""The name of who uses a console without a password, until they give their own."""
_NAME_LENGTH = 40
_SESSION = "session"
_AGE = HOURS * 3600


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser. `id` is random and made anew at login, so that nobody can prepare it."""

    id: str
    who: str = ""
    role: Role | None = None
    """None: not logged in."""

    @property
    def may_edit(self) -> bool:
        return self.role == "edit"


def stranger() -> Visitor:
    """Somebody new."""
    return Visitor(secrets.token_urlsafe(18))


def admitted(who: str, role: Role) -> Visitor:
    """Somebody who gave a password, or needs none."""
    return Visitor(secrets.token_urlsafe(18), clean_name(who), role)


def clean_name(who: str) -> str:
    """A name for the audit: one line, not long, nothing that cannot be seen."""
    seen = "".join(char if char.isprintable() else " " for char in who)
    return audit.person(" ".join(seen.split())[:_NAME_LENGTH].strip())


def to_cookie(keys: Keys, visitor: Visitor) -> str:
    """What the browser is given to keep."""
    return Sealer(keys.sealing).seal(_SESSION, [visitor.id, visitor.who, visitor.role])


def from_cookie(keys: Keys, text: str) -> Visitor | None:
    """Who brings it; None when it is forged, too old, or from before a change of password."""
    value = Sealer(keys.sealing).opened(_SESSION, text, _AGE)
    return None if value is None else Visitor(*value)


def token(keys: Keys, visitor: Visitor) -> str:
    """What each form of this visitor carries, and no other page can know."""
    return hmac.new(keys.sealing, f"form {visitor.id}".encode(), "sha256").hexdigest()


def is_token(keys: Keys, visitor: Visitor, given: str) -> bool:
    """Whether a form was made for this visitor."""
    return hmac.compare_digest(token(keys, visitor).encode(), given.encode())
