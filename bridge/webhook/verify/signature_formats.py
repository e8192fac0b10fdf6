"""Reads signatures and timestamps in senders' formats: `sha256=…`, `t=…,v1=…,v1=…`, `v1,… v1,…`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from bridge.frozen import frozen
from bridge.language.reader import Fields
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import CompileContext
from bridge.webhook.decode.encodings import decode_bytes
from bridge.webhook.incoming import Incoming
from bridge.webhook.verify.errors import DeniedError
from bridge.webhook.verify.locations import PLACES, Place, compile_place

MAX_CANDIDATES = 16

_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")
_MILLISECONDS = re.compile(r"[0-9]{1,15}")


@frozen
class Found:
    """The content of the signature's place: candidates, of which one must be valid, and labelled values."""

    candidates: tuple[bytes, ...]
    labels: tuple[tuple[str, str], ...]
    text: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Reads the signature of a request. `length` is that of the digest in bytes, 0 if it varies."""

    place: Place
    encoding: str
    prefix: str = ""
    prefix_optional: bool = False
    separator: str = ""
    between: str = "="
    pick: str = ""
    length: int = 0

    def read(self, incoming: Incoming, item: Json) -> Found:
        """Read the candidates. Raises DeniedError if none can be a signature."""
        texts = self.place.all(incoming, item)
        labels: tuple[tuple[str, str], ...] = ()
        if self.separator:
            parts = tuple(part.strip() for text in texts for part in text.split(self.separator))
            labels = tuple(self._label(index, part) for index, part in enumerate(filter(None, parts)))
            texts = tuple(value for label, value in labels if not self.pick or label == self.pick)
        decoded = (self._decode(text) for text in texts[:MAX_CANDIDATES])
        candidates = tuple(digest for digest in decoded if digest is not None)
        if not candidates:
            raise DeniedError("malformed", Reason(WebhookCode.SIGNATURE_MALFORMED, place=self.place.name))
        return Found(candidates, labels, texts[0])

    def _label(self, index: int, part: str) -> tuple[str, str]:
        """Label and value; in a list without labels the label is the index."""
        if not self.pick:
            return str(index), part
        label, _, value = part.partition(self.between)
        return label.strip(), value.strip()

    def _decode(self, text: str) -> bytes | None:
        if self.prefix and text.startswith(self.prefix):
            text = text[len(self.prefix) :]
        elif self.prefix and not self.prefix_optional:
            return None
        digest = decode_bytes(text, self.encoding, padded=True)
        return digest if digest and self.length in (0, len(digest)) else None


def compile_signature(
    fields: Fields, context: CompileContext, length: int, *, per_item: bool
) -> Signature | None:
    """Compile the `signature:` table of a scheme. `item` is only for schemes that check each item."""
    place = compile_place(fields, context, "signature", ("item",))
    if place is None:
        return None
    if "item" in fields and not per_item:
        context.report.add(fields.at("item"), "M402", Reason(WebhookCode.BAD_ITEM_WITHOUT_EACH))
        return None
    separator = fields["separator"] or ("," if fields["pick"] else "")
    if separator:
        place = Place(place.name, place.find, once=False)
    return Signature(
        place,
        fields["encoding"],
        fields["prefix"],
        fields["prefix_optional"],
        separator,
        fields["between"],
        fields["pick"] or "",
        length,
    )


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Reads when a request was signed, and checks that it was recently."""

    place: Place | None
    pick: str
    unit: str
    tolerance: int
    """Seconds into the past and the future."""

    def read(self, incoming: Incoming, item: Json, found: Found) -> str:
        """The timestamp as sent. Raises DeniedError if it is missing, unreadable or too far from now."""
        text = self.place.one(incoming, item) if self.place else self._picked(found)
        moment = milliseconds(text, self.unit)
        if moment is None:
            raise DeniedError("timestamp", Reason(WebhookCode.TIMESTAMP_UNREADABLE, found=repr(text[:40])))
        age = (incoming.now_ms - moment) / 1000
        if abs(age) > self.tolerance:
            code = WebhookCode.TIMESTAMP_OLD if age > 0 else WebhookCode.TIMESTAMP_AHEAD
            raise DeniedError("stale", Reason(code, seconds=round(abs(age)), allowed=self.tolerance))
        return text

    def _picked(self, found: Found) -> str:
        values = [value for label, value in found.labels if label == self.pick]
        if len(values) != 1:
            reason = Reason(WebhookCode.TIMESTAMPS_IN_SIGNATURE, count=len(values), label=self.pick)
            raise DeniedError("timestamp", reason)
        return values[0]


def compile_timestamp(
    fields: Fields | None, context: CompileContext, signature: Signature
) -> Timestamp | None:
    """Compile the `timestamp:` table of a scheme; None if there is none, or after a finding."""
    if fields is None:
        return None
    unit, tolerance = fields["unit"], fields["tolerance"]
    if context.one_of(fields, (*PLACES, "pick"), "timestamp") != "pick":
        place = compile_place(fields, context, "timestamp") if any(key in fields for key in PLACES) else None
        return None if place is None else Timestamp(place, "", unit, tolerance)
    if not signature.pick and not (signature.separator and fields["pick"].isdecimal()):
        context.report.add(fields.at("pick"), "M402", Reason(WebhookCode.BAD_PICK_OF_TIMESTAMP))
        return None
    return Timestamp(None, fields["pick"], unit, tolerance)


def milliseconds(text: str, unit: str) -> int | None:
    """Unix milliseconds of a time in seconds, milliseconds or ISO 8601 (UTC if it has no zone)."""
    if unit == "s":
        return int(float(text) * 1000) if _SECONDS.fullmatch(text) else None
    if unit == "ms":
        return int(text) if _MILLISECONDS.fullmatch(text) else None
    if len(text) > 40 or not text.isascii():
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return int(aware.timestamp() * 1000)
    except (OverflowError, ValueError):
        return None
