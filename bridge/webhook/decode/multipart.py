"""Decodes multipart/form-data into names and values: a small strict parser of RFC 7578.

The value of a file is its file name; its content is only in the raw body.
"""

from __future__ import annotations

import re

from bridge.errors import DocumentError
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.decode.forms import MAX_PAIRS, Pairs
from bridge.webhook.decode.json_body import check_text

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*(name|filename)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))', re.IGNORECASE)
_FORM_DATA = re.compile(r"\s*form-data\s*;", re.IGNORECASE)
_MAX_HEAD = 8_192


def read_multipart(body: bytes, content_type: str, charset: str = "utf-8") -> Pairs:
    """The fields in the order sent. Raises DocumentError if the multipart body is incomplete or invalid."""
    boundary = _boundary(body, content_type)
    delimiter = b"\r\n--" + boundary
    pieces = (b"\r\n" + body).split(delimiter)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise DocumentError(Reason(WebhookCode.MULTIPART_CUT))
    if pieces[0] or pieces[-1].removeprefix(b"--") not in (b"", b"\r\n", b"\n"):
        raise DocumentError(Reason(WebhookCode.MULTIPART_MORE))
    if len(pieces) - 2 > MAX_PAIRS:
        raise DocumentError(Reason(WebhookCode.TOO_MANY_FIELDS, limit=MAX_PAIRS))
    return tuple(_part(piece, charset) for piece in pieces[1:-1])


def _boundary(body: bytes, content_type: str) -> bytes:
    match = _BOUNDARY.search(content_type)
    if match:
        return (match[1] or match[2]).encode("latin-1", "replace")
    if not content_type and body.startswith(b"--"):
        return body[2:202].split(b"\r\n")[0]
    raise DocumentError(Reason(WebhookCode.MULTIPART_NO_BOUNDARY))


def _part(piece: bytes, charset: str) -> tuple[str, str]:
    line_end, _, rest = piece.partition(b"\r\n")
    head, blank, value = rest.partition(b"\r\n\r\n")
    if line_end.strip(b" \t") or not blank or len(head) > _MAX_HEAD:
        raise DocumentError(Reason(WebhookCode.PART_NO_HEAD))
    parameters = _disposition(_text(head, charset))
    if "name" not in parameters:
        raise DocumentError(Reason(WebhookCode.PART_NO_NAME))
    file_name = parameters.get("filename")
    return parameters["name"], _text(value, charset) if file_name is None else file_name


def _disposition(head: str) -> dict[str, str]:
    for line in head.split("\r\n"):
        field, _, content = line.partition(":")
        if field.strip().lower() == "content-disposition" and _FORM_DATA.match(content):
            return {
                name.lower(): _unquote(quoted or bare) for name, quoted, bare in _PARAMETER.findall(content)
            }
    return {}


def _unquote(text: str) -> str:
    return re.sub(r'\\(["\\])', r"\1", text).replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _text(data: bytes, charset: str) -> str:
    try:
        text = data.decode(charset)
    except UnicodeDecodeError:
        raise DocumentError(Reason(WebhookCode.PART_NOT_CHARSET, charset=charset)) from None
    check_text(text)
    return text
