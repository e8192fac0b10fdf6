"""The console's passwords, and the key that follows from them: alike in all processes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from werkzeug.security import check_password_hash

from bridge.store.db.engine import Store
from bridge.store.state import key_value
from bridge.web.console.offload import Offload

Role: TypeAlias = Literal["read", "edit"]
"""What a visitor may do: look at everything, or change things as well."""

NOTE: Final = "console/secret"
Hashes: TypeAlias = tuple[tuple[Role, str], ...]
"""The passwords' scrypt hashes, each with what it opens, as werkzeug.security writes them."""
COST = (2**15, 8, 1)
"""scrypt's n, r and p: 32 MB and about a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What all processes make of the store's secret and the passwords."""

    sealing: bytes = field(repr=False)


class Passwords:
    """Knows passwords by their scrypt hashes only."""

    def __init__(self, store: Store, hashes: Hashes) -> None:
        self._store = store
        self._hashes = hashes
        self._offload = Offload()
        self._keys: Keys | None = None

    @property
    def locked(self) -> bool:
        """Whether there is a password at all."""
        return bool(self._hashes)

    def role_of(self, password: str) -> Role | None:
        """What the password opens; None for a wrong one."""
        opened = self._offload(
            lambda: [role for role, kept in self._hashes if check_password_hash(kept, password)]
        )
        return opened[0] if opened else None

    def keys(self) -> Keys:
        """Made when they are first needed, since they need the store. Raises StoreUnavailable."""
        if self._keys is None:
            hashes = "\n".join(kept for _, kept in self._hashes)
            self._keys = Keys(hmac.digest(bytes.fromhex(self._secret()), hashes.encode(), "sha256"))
        return self._keys

    def _secret(self) -> str:
        with self._store.read() as connection:
            noted = key_value.read(connection, NOTE)
        if noted is not None:
            return noted
        with self._store.transaction() as connection:
            return key_value.read_locked(connection, NOTE, secrets.token_hex(32))


def hashed(password: str, read_password: str) -> Hashes:
    """The hashes of the passwords that are given; an empty one is none.

    They are the same in all processes, since keys are made of them, and need no store, so that no text has
    to be kept until one answers. Hashes never leave the process: their salt need not be a secret.
    """
    given: tuple[tuple[Role, str], ...] = (("edit", password), ("read", read_password))
    return tuple((role, _hashed(text, f"leadbridge console {role}")) for role, text in given if text)


def _hashed(password: str, salt: str) -> str:
    """A scrypt hash as werkzeug.security writes it; one that is given stays."""
    if password.startswith("scrypt:"):
        return password
    n, r, p = COST
    digest = hashlib.scrypt(password.encode(), salt=salt.encode(), n=n, r=r, p=p, maxmem=64 << 20)
    return f"scrypt:{n}:{r}:{p}${salt}${digest.hex()}"
