"""Every key that a source may have: of a mapping file, or of a profile, which is the same keys shipped.

One table per YAML mapping. `webhook/` compiles what is read with them; documentation, editors' schema and
`leadbridge profiles` are made from the same declarations.
"""

from __future__ import annotations

from bridge.language.keys_handshake import HANDSHAKE, METHODS
from bridge.language.keys_message import TEXTS
from bridge.language.keys_verify import CODEC, DIGEST, KEYED, SECRETS
from bridge.language.schema import DURATION, FLAG, INTEGER, TEXT, Key, ListOf, MapOf, Plain, Raw, Table
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason

BODIES = ("json", "form", "multipart", "xml", "query", "jwt")
CHARSETS = ("utf-8", "utf-8-sig", "windows-1251", "koi8-r", "iso-8859-1", "utf-16")

IDENTITY = Table(
    "identity",
    (
        Key("first_of", ListOf(Raw("identity")), "the first of these that the event has"),
        Key("path", TEXT, "where the value stands"),
        Key("default", TEXT, "instead of an absent `path`"),
        Key("key", TEXT, "path of an object whose first member's name is the value"),
        Key(
            "except", TEXTS, "names that `key` passes over, values of `path` that count as absent", default=()
        ),
        Key("split", Plain("text", choices=("names",)), "the names on the way to the item: `leads.status`"),
    ),
)

EVENT = Table(
    "event",
    (
        Key(
            "id",
            Raw("identity"),
            "path, template or a list joined by `:`; `{first_of: [..]}`, `{path: .., default: ..}`,"
            " `{key: .., except: [..]}`, `{split: names}`",
        ),
        Key("type", Raw("identity"), "the sender's name for what happened, in the same words", default=None),
    ),
)

REPLY_DIGEST = Table(
    "digest",
    (
        Key("algorithm", DIGEST, "digest", required=True),
        Key(
            "message",
            Raw("what is signed"),
            "what is digested, as in `verify`: `{$.id}{secret}`",
            required=True,
        ),
        Key("keyed", FLAG, "HMAC with the secret as its key", default=False),
        Key("encoding", CODEC, "how it is written", default="hex"),
        *KEYED,
    ),
)

REPLY = Table(
    "reply",
    (
        Key("status", INTEGER, "200 to 299", default=200),
        Key("type", TEXT, "content type", default="text/plain; charset=utf-8"),
        Key("body", TEXT, "text, or template over the event: `OK{$.InvId}`", default="OK"),
        Key("by_type", MapOf(TEXT), "other bodies for certain types of event", default={}),
        Key("digest", REPLY_DIGEST, "what `{digest}` in a body stands for"),
    ),
)

DEDUP = Table(
    "dedup",
    (
        Key(
            "within",
            DURATION,
            "for how long the same event is a repeat, with an id and without; by default 30 days with an id, "
            "`retry_window` without",
        ),
        Key(
            "changed",
            Plain("text", choices=("repeat", "new")),
            "what a known id with other content is, where the rules make something else of it: a `repeat`, "
            "which is shown, or a `new` event",
            default="repeat",
        ),
        Key(
            "ignore",
            ListOf(TEXT, or_one=True),
            "paths of what is left out when content is compared, such as $.attempt",
            default=(),
        ),
    ),
)

SPLIT = Table(
    "split",
    (
        Key(
            "path",
            TEXTS,
            "where the items are, each ending in [*]; a JSON object is no list: it stays one event",
            required=True,
        ),
        Key(
            "keep",
            Plain("text", choices=("envelope", "item")),
            "`envelope`: each event is the whole document with only its own item; `item`: the item itself",
            default="item",
        ),
    ),
)

JSON_FIELD = Table(
    "json_fields",
    (
        Key("field", TEXT, "name of the field", required=True),
        Key(
            "encoding",
            Plain("text", choices=("text", "base64", "jwt")),
            "how the JSON is wrapped; of a JSON web token the claims are read, not its signature",
            default="text",
        ),
    ),
)

SOURCE_KEYS = (
    Key("source", TEXT, "name; the URL is /hooks/<source>", required=True),
    Key("profile", TEXT, "built-in source definition whose keys these override"),
    Key("methods", ListOf(Plain("text", choices=METHODS), or_one=True), "HTTP methods", default=("POST",)),
    Key(
        "body",
        ListOf(Plain("text", choices=BODIES), or_one=True),
        "how the body is decoded; of several, the request's Content-Type picks",
        default=("json",),
    ),
    Key("charset", Plain("text", choices=CHARSETS), "character set of the body", default="utf-8"),
    Key("lists", TEXTS, "XML elements that are lists even if there is one", default=()),
    Key("json_fields", ListOf(Raw("json field"), or_one=True), "fields that hold JSON text", default=()),
    Key("unwrap", TEXT, "the document is what stands in this field, where it does: `payload`"),
    Key(
        "secret", SECRETS, "what `verify` checks against, as ${NAME}; a list while a secret is being changed"
    ),
    Key("secrets", Raw("secrets"), "a list like `secret`, or further secrets by name for `use`"),
    Key("public_url", TEXT, "the URL as the sender knows it, where the URL is signed"),
    Key("verify", Raw("verify"), "how the sender is proved; `none` must be written out"),
    Key(
        "handshake",
        ListOf(HANDSHAKE, or_one=True),
        "requests that are answered and are no events",
        default=(),
    ),
    Key(
        "ignore",
        ListOf(Raw("conditions"), or_one=True),
        "test pings: answered, counted, not matched",
        default=(),
    ),
    Key(
        "split",
        Raw("split"),
        "path of the items of a batch: each object of a list, or of a form's brackets, becomes an event",
    ),
    Key("event", EVENT, "the event's own id and type"),
    Key("reply", REPLY, "what the sender hears"),
    Key("dedup", Raw("dedup"), "`{within: 30d}`, or `none`: repeats are taken as new events"),
    Key(
        "retry_window",
        DURATION,
        "for how long the sender repeats a webhook, and an event without an id is known by its body",
        default=600,
    ),
)

SOURCE = Table(Reason(FindingCode.NOUN_SOURCE), SOURCE_KEYS)

ABOUT = Table(
    "about",
    (
        Key("title", TEXT, "the system's name", required=True),
        Key("summary", TEXT, "one sentence: what it sends", required=True),
        Key("setup", ListOf(TEXT), "what to enter at the vendor, step by step", required=True),
        Key("method", TEXT, "method and format to choose there"),
        Key("secret", TEXT, "where the secret is found"),
        Key("events", TEXT, "which events to tick"),
        Key("verified", TEXT, "what is verified and how", required=True),
        Key("retries", TEXT, "what the vendor does when it is not answered with 2xx"),
        Key("own_ids", TEXT, "where the owner's ids travel", required=True),
        Key("traps", ListOf(TEXT), "what has surprised others", default=()),
        Key("unverified", ListOf(TEXT), "what no document or sample has confirmed", default=()),
        Key("starter", TEXT, "a mapping file to begin with, its tests included", required=True),
    ),
)

PROFILE = Table(
    Reason(FindingCode.NOUN_PROFILE),
    (
        Key("about", ABOUT, "what `leadbridge profiles show` tells", required=True),
        Key("profile", TEXT, "another profile whose keys these override"),
        *SOURCE_KEYS[2:],
    ),
)
