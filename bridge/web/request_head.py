"""The head of a request as the parser took it: what is wrong with it, and for whom it was meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode

LINE_LIMIT: Final = 8190
"""Bytes of a target."""
HEADERS_LIMIT: Final = 100
_ONCE: Final = (b"host", b"content-type", b"content-length", b"transfer-encoding")


class Head(NamedTuple):
    """Names of headers are in lower case."""

    method: bytes
    url: bytes
    version: str
    headers: Sequence[tuple[bytes, bytes]]
    upgrades: bool
    """The client asks for another protocol."""
    expects: bool
    """The client waits for `100 Continue`."""

    def without_upgrade(self) -> bytes:
        """The bytes of this head, which no longer asks for another protocol."""
        names = {b"upgrade": b"x-upgrade"}
        fields = [b"%s: %s" % (names.get(name, name), value) for name, value in self.headers]
        line = b"%s %s HTTP/%s" % (self.method, self.url, self.version.encode())
        return b"\r\n".join((line, *fields, b"", b""))

    def fault(self) -> tuple[int, Reason] | None:
        """The status and the reason with which to reject it, though the parser takes it."""
        if len(self.url) > LINE_LIMIT:
            return 414, Reason(WebhookCode.HTTP_LINE_LONG)
        if not self.url.startswith((b"/", b"http")):
            return 400, Reason(WebhookCode.HTTP_LINE, detail="Invalid URL")
        if self.version not in ("1.0", "1.1"):
            return 400, Reason(WebhookCode.HTTP_VERSION)
        if len(self.headers) > HEADERS_LIMIT:
            return 431, Reason(WebhookCode.HTTP_HEADERS)
        names = [name for name, _ in self.headers]
        if b"expect" in names and not self.expects:
            return 417, Reason(WebhookCode.HTTP_EXPECT)
        wrong = self._wrong_header(names)
        return (400, Reason(WebhookCode.HTTP_NAMED, name=wrong)) if wrong else None

    def _wrong_header(self, names: list[bytes]) -> str:
        """The name of a header that is missing, repeated or not valid; empty if there is none."""
        for name in _ONCE:
            if names.count(name) > 1:
                return name.decode().title()
        if self.version == "1.1" and b"host" not in names:
            return "Host"
        if b"transfer-encoding" in names:
            # Other codings would have to be decoded. HTTP/1.0 has none (RFC 9112 6.1).
            coding = dict(self.headers)[b"transfer-encoding"].lower()
            if self.version == "1.0" or coding != b"chunked":
                return "Transfer-Encoding"
        return "Upgrade" if self.upgrades else ""


def meant_for(beginning: bytes) -> tuple[str, str]:
    """Method and source of a rejected request, as far as they can be read; else empty."""
    method, target = [*beginning.split(None, 2), b"", b""][:2]
    path = target.partition(b"?")[0].lstrip(b"/").split(b"/")
    if len(path) < 2 or path[0] != b"hooks" or not method.isalpha() or len(method) > 20:
        return "", ""
    return method.decode(errors="replace"), path[1].decode(errors="replace")
