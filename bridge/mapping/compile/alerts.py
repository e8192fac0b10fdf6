"""Compiles `alerts:` of `accounts.yml`: where alerts go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from bridge.did_you_mean import suggestion
from bridge.language.nodes import Scalar
from bridge.language.reader import Fields, Reader
from bridge.language.schema import SECRET
from bridge.mapping.rules.ids import MAX_ID_DIGITS
from bridge.model import Alerts, AlertStart, Recipient
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason

_LOCAL = ("localhost", "127.0.0.1", "::1")
_URL = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#@\\][!-~]*)?", re.ASCII)
_EXAMPLE = "https://example.com/hook"
_FORMS = ({"subscriber_id"}, {"user_id", "channel_id"})


def compile_alerts(fields: Fields, reader: Reader, accounts: Sequence[str]) -> Alerts:
    """Compile `alerts:`. Errors are reported, and what has them is omitted.

    `accounts` are the names of all accounts in the file, including those with errors.
    """
    known = len(reader.unset)
    url = _url(fields, reader) if "url" in fields else ""
    start = _start(fields["start"], reader, accounts) if fields["start"] else None
    if "url" not in fields and "start" not in fields:
        reader.report.add(fields.node, "M105", Reason(MappingCode.NO_ALERT_TARGET))
    unset = "".join(reader.unset[known:])
    return Alerts(url, start, tuple(fields["kinds"]), fields["silence"], unset)


def _url(fields: Fields, reader: Reader) -> str:
    node = fields.at("url")
    text = fields["url"] or ""
    if isinstance(node, Scalar) and text.startswith("${"):
        found = reader.value(node, SECRET)
        text = found if isinstance(found, str) else ""
        if not text or text == reader.placeholder:
            return ""
    if not _is_address(text):
        written = text == fields["url"]
        shown = Reason(MappingCode.QUOTED, text=text) if written else Reason(MappingCode.OTHER_TEXT)
        reader.report.add(node, "M209", Reason(MappingCode.BAD_URL, example=_EXAMPLE, found=shown))
        return ""
    if is_unencrypted(text):
        reader.report.add(node, "W503", Reason(MappingCode.UNENCRYPTED_ALERT))
    return text


def is_unencrypted(url: str) -> bool:
    """Whether a URL sends what it gets over the network without TLS."""
    return url.startswith("http://") and urlsplit(url).hostname not in _LOCAL


def _is_address(text: str) -> bool:
    try:
        port = urlsplit(text).port
    except ValueError:
        return False
    return bool(_URL.fullmatch(text)) and port != 0


def _start(fields: Fields, reader: Reader, accounts: Sequence[str]) -> AlertStart | None:
    given = {name for name in ("subscriber_id", "user_id", "channel_id") if name in fields}
    if given not in _FORMS:
        reader.report.add(fields.node, "M301", Reason(MappingCode.RECIPIENT_KEYS))
        return None
    name = fields["account"]
    if name not in accounts:
        hint = suggestion(name, list(accounts))
        reader.report.add(
            fields.at("account"), "M302", Reason(MappingCode.ACCOUNT_NOT_HERE, name=name, hint=hint)
        )
        return None
    for key in ("bot_id", "subscriber_id"):
        if fields[key] is not None and fields[key] >= 10**MAX_ID_DIGITS:
            reader.report.add(fields.at(key), "M209", Reason(MappingCode.ID_DIGITS, digits=MAX_ID_DIGITS))
            return None
    if fields["bot_id"] is None:
        return None
    return AlertStart(
        name, fields["bot_id"], Recipient(fields["subscriber_id"], fields["user_id"], fields["channel_id"])
    )
