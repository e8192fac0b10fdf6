"""gunicorn's HTTP parser: takes raw UTF-8 in a request's target, and says of what it rejects what is wrong.

A path token may be part of the target, and a header may hold a secret: neither is in what is said.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from gunicorn.http import errors, message, parser
from gunicorn.http.errors import ParseException

from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode

_ASCII: Final = bytes(range(0x80))
_BEGINNING: Final = 1024
"""Bytes of a request that are looked at for the source that it was meant for."""
_METHOD: Final = 20
"""Letters of the longest method that is taken for one."""
_WRONG: Final = {
    errors.InvalidRequestMethod: (400, WebhookCode.HTTP_METHOD),
    errors.InvalidHTTPVersion: (400, WebhookCode.HTTP_VERSION),
    errors.InvalidRequestLine: (400, WebhookCode.HTTP_LINE),
    errors.LimitRequestLine: (414, WebhookCode.HTTP_LINE_LONG),
    errors.InvalidHeaderName: (400, WebhookCode.HTTP_HEADER_NAME),
    errors.ObsoleteFolding: (400, WebhookCode.HTTP_FOLDED),
    errors.LimitRequestHeaders: (431, WebhookCode.HTTP_HEADERS),
    errors.UnsupportedTransferCoding: (400, WebhookCode.HTTP_TRANSFER),
    errors.ExpectationFailed: (417, WebhookCode.HTTP_EXPECT),
}
_NAMED: Final = {
    "CONTENT-TYPE": "Content-Type",
    "CONTENT-LENGTH": "Content-Length",
    "TRANSFER-ENCODING": "Transfer-Encoding",
    "HOST": "Host",
}


class Request(message.Request):  # type: ignore[misc]  # gunicorn has no types
    """One request. What it raises knows in `beginning` the first bytes of what came."""

    beginning = b""

    def __init__(self, *arguments: Any) -> None:
        try:
            super().__init__(*arguments)
        except ParseException as error:
            error.beginning = self.beginning
            raise

    def read_line(self, unreader: Any, buf: bytearray, limit: int = 0) -> tuple[bytes, bytearray]:
        """The request line and what came after it."""
        try:
            line, rest = super().read_line(unreader, buf, limit)
        finally:
            self.beginning = bytes(buf[:_BEGINNING])
        return line, rest

    def parse_request_line(self, line_bytes: bytes) -> None:
        """curl and PHP send a URL's letters as they are; RFC 3986 has them percent-encoded."""
        method, first, rest = line_bytes.partition(b" ")
        super().parse_request_line(method + first + quote(rest, safe=_ASCII).encode())

    def _apply_header_policy(self, name: str, value: str, *more: Any, **options: Any) -> Any:
        try:
            return super()._apply_header_policy(name, value, *more, **options)
        except errors.InvalidSchemeHeaders:
            # Proxies that disagree about TLS are no reason to lose a webhook: count it as unencrypted.
            self.scheme = "http"
            return name, value


def install() -> None:
    """Make gunicorn use it: there is no setting for that."""
    parser.RequestParser.mesg_class = Request


def wrong(error: ParseException) -> tuple[int, Reason]:
    """The status to answer with, and what is wrong with the request."""
    if isinstance(error, errors.InvalidHeader):
        name = _NAMED.get(error.hdr)
        return 400, Reason(WebhookCode.HTTP_NAMED, name=name) if name else Reason(WebhookCode.HTTP_HEADER)
    status, code = _WRONG.get(type(error), (400, WebhookCode.HTTP_INVALID))
    return status, Reason(code)


def meant_for(error: ParseException) -> tuple[str, str]:
    """The method and the source of a rejected request, as far as they can be read; else empty."""
    method, target = [*getattr(error, "beginning", b"").split(None, 2), b"", b""][:2]
    path = target.partition(b"?")[0].lstrip(b"/").split(b"/")
    if len(path) < 2 or path[0] != b"hooks" or not method.isalpha() or len(method) > _METHOD:
        return "", ""
    return method.decode(errors="replace"), path[1].decode(errors="replace")
