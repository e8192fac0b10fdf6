"""gunicorn's HTTP parser: takes raw UTF-8 in a request's target, and says of what it rejects what is wrong.

A path token may be part of the target, and a header may hold a secret: neither is in what is said.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from gunicorn.http import errors, message, parser
from gunicorn.http.errors import ParseException

_ASCII: Final = bytes(range(0x80))
_BEGINNING: Final = 1024
"""Bytes of a request that are looked at for the source that it was meant for."""
_METHOD: Final = 20
"""Letters of the longest method that is taken for one."""
_WRONG: Final = {
    errors.InvalidRequestMethod: (400, "the method is not one of HTTP"),
    errors.InvalidHTTPVersion: (400, "the version of HTTP is not 1.0 or 1.1"),
    errors.InvalidRequestLine: (400, "the request line is malformed"),
    errors.LimitRequestLine: (414, "the request line is too long"),
    errors.InvalidHeaderName: (400, "a header has a malformed name"),
    errors.ObsoleteFolding: (400, "a header is folded over several lines"),
    errors.LimitRequestHeaders: (431, "the headers are too many or too long"),
    errors.UnsupportedTransferCoding: (400, "the transfer encoding is not chunked"),
    errors.ExpectationFailed: (417, "the header Expect is not 100-continue"),
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


def wrong(error: ParseException) -> tuple[int, str]:
    """The status to answer with, and what is wrong with the request."""
    if isinstance(error, errors.InvalidHeader):
        name = _NAMED.get(error.hdr)
        return 400, f"the header {name} is repeated or not valid" if name else "a header is malformed"
    return _WRONG.get(type(error), (400, "the request is not valid HTTP"))


def meant_for(error: ParseException) -> tuple[str, str]:
    """The method and the source of a rejected request, as far as they can be read; else empty."""
    method, target = [*getattr(error, "beginning", b"").split(None, 2), b"", b""][:2]
    path = target.partition(b"?")[0].lstrip(b"/").split(b"/")
    if len(path) < 2 or path[0] != b"hooks" or not method.isalpha() or len(method) > _METHOD:
        return "", ""
    return method.decode(errors="replace"), path[1].decode(errors="replace")
