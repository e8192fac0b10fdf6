"""Makes docs/sources.md from the declarations of keys. `make docs` writes it, and the senders' pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bridge.language.keys_handshake import HANDSHAKE
from bridge.language.keys_message import CANONICAL_JSON, JOIN, MESSAGE, PHP_SERIALIZE
from bridge.language.keys_source import (
    DEDUP,
    EVENT,
    IDENTITY,
    JSON_FIELD,
    REPLY,
    REPLY_DIGEST,
    SOURCE_KEYS,
    SPLIT,
)
from bridge.language.keys_verify import (
    BASIC,
    BODY_DIGEST,
    CERTIFICATE,
    DERIVED_KEY,
    HASH,
    HMAC,
    IP,
    JWT,
    SIGNATURE,
    SIGNATURE_PLACE,
    TIMESTAMP_PLACE,
    TOKEN,
    VERIFY,
)
from bridge.language.schema import Key, ListOf, Plain, Table
from bridge.webhook.verify.signed_message import CHANGES, PLACEHOLDERS
from tests.webhook.senders_pages import pages

DOCS = Path(__file__).parents[2] / "docs"
HEAD = Path(__file__).with_name("sources_head.md").read_text()

SECTIONS: tuple[tuple[str, str, Table | tuple[Key, ...]], ...] = (
    ("Keys of a source", "", SOURCE_KEYS),
    (
        "event",
        "An id or type is a path, a template, a literal, a list of them joined by `:`, or one of the forms "
        "below. An event without its id is identified by its body, for as long as `dedup` or `retry_window` "
        "says.",
        EVENT,
    ),
    ("event: id and type", "", IDENTITY),
    ("reply", "", REPLY),
    ("reply: digest", "", REPLY_DIGEST),
    ("split", "A path or a list of paths, or:", SPLIT),
    ("dedup", "`none`, or:", DEDUP),
    ("json_fields", "The name of a field, or:", JSON_FIELD),
    ("handshake", "One of these, or a list of them.", HANDSHAKE),
    ("verify", "If you write several at one level, all must hold. `none` must be written out.", VERIFY),
    ("token", "", TOKEN),
    ("token: basic", "", BASIC),
    ("ip", "", IP),
    (
        "jwt",
        "`HS…` with the secret, the others with a public key (`pip install 'leadbridge[asymmetric]'`).",
        JWT,
    ),
    ("hmac", "", HMAC),
    ("hash", "The message must contain `{secret}`.", HASH),
    ("signature", "Needs `pip install 'leadbridge[asymmetric]'`.", SIGNATURE),
    ("signature: certificate", "", CERTIFICATE),
    ("key", "", DERIVED_KEY),
    ("signature: where it is", "", SIGNATURE_PLACE),
    ("timestamp", "", TIMESTAMP_PLACE),
    ("body_digest", "", BODY_DIGEST),
    ("message", "A template, one of these, or a list of parts in a row.", MESSAGE),
    ("join", "", JOIN),
    ("canonical_json", "", CANONICAL_JSON),
    ("php_serialize", "", PHP_SERIALIZE),
)


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield HEAD
    for title, intro, table in SECTIONS:
        yield from _section(title, intro, table)
    for kind in HANDSHAKE.keys:
        assert isinstance(kind.kind, Table)
        yield from _section(f"handshake: {kind.name}", kind.help[0].upper() + kind.help[1:] + ".", kind.kind)
    yield from ("## Templates of signed messages", "")
    placeholders = ", ".join(f"`{{{name}}}`" for name in PLACEHOLDERS)
    yield f"Placeholders: {placeholders}, and paths such as `{{$.data.id}}`."
    yield f"Modifiers, after a bar (`{{body|sha256|upper}}`): {', '.join(f'`{name}`' for name in CHANGES)}."
    yield "`{{` and `}}` are literal braces."


def _section(title: str, intro: str, table: Table | tuple[Key, ...]) -> Iterator[str]:
    yield from (f"## {title}", "")
    if intro:
        yield from (intro, "")
    yield from ("| key | meaning | values | default |", "|---|---|---|---|")
    for key in table.keys if isinstance(table, Table) else table:
        yield f"| `{key.name}` | {_cell(key.help)} | {_values(key)} | {_default(key)} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _values(key: Key) -> str:
    kind = key.kind.kind if isinstance(key.kind, ListOf) else key.kind
    if isinstance(kind, Plain):
        return " ".join(f"`{choice}`" for choice in kind.choices) or kind.type
    return f"[{kind.name}](#{_anchor(kind)})" if isinstance(kind, Table) else ""


def _anchor(table: Table) -> str:
    """Where the page has a table; the second join has the keys of the first."""
    title = next((title for title, _, one in SECTIONS if one is table), str(table.name))
    title = f"handshake: {title}" if any(kind.kind is table for kind in HANDSHAKE.keys) else title
    return "join" if title == "then" else title.replace(":", "").replace(" ", "-")


def _default(key: Key) -> str:
    if key.required:
        return "must be given"
    if isinstance(key.default, tuple):
        return " ".join(f"`{one}`" for one in key.default)
    if key.default in (None, "", {}) or key.default is False:
        return ""
    if isinstance(key.kind, Plain) and key.kind.type == "duration":
        return f"`{key.default // 60}m`"
    return f"`{str(key.default).lower() if key.default is True else key.default}`"


if __name__ == "__main__":
    (DOCS / "sources.md").write_text(page(), encoding="utf-8")
    for name, text in pages().items():
        (DOCS / "senders" / name).write_text(text, encoding="utf-8")
