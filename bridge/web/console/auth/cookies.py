"""Cookies that only the bridge can write. The only user of itsdangerous."""

from __future__ import annotations

import hashlib

from itsdangerous import BadData, URLSafeTimedSerializer

from bridge.model import Json


class Sealer:
    """Signs values and reads back what it signed; `purpose` keeps one use from passing for another."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, purpose: str, value: Json) -> str:
        """The value and the time as a text for a cookie."""
        return self._serializer(purpose).dumps(value)

    def opened(self, purpose: str, text: str, max_age: int) -> Json | None:
        """What was sealed at most `max_age` seconds ago; None for anything else."""
        try:
            return self._serializer(purpose).loads(text, max_age=max_age)
        except BadData:
            return None

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self._key, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        )
