"""Keys of a source, in a mapping file or in a built-in profile.

One table per YAML mapping. `webhook/` compiles what is read with them. The documentation, the JSON Schema and
`leadbridge profiles` are generated from the same declarations.
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
        Key("first_of", ListOf(Raw("identity")), "alternatives; the first that the event contains is used"),
        Key("path", TEXT, "path of the value"),
        Key("default", TEXT, "value to use if `path` is absent"),
        Key("key", TEXT, "path of an object; the name of its first member is the value"),
        Key("except", TEXTS, "names that `key` skips, values of `path` that count as absent", default=()),
        Key(
            "split",
            Plain("text", choices=("names",)),
            "`names`: the names on the path to the item, such as `leads.status`",
        ),
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
        Key(
            "type", Raw("identity"), "the sender's name of the kind of event, written like `id`", default=None
        ),
    ),
)

REPLY_DIGEST = Table(
    "digest",
    (
        Key("algorithm", DIGEST, "digest algorithm", required=True),
        Key(
            "message",
            Raw("what is signed"),
            "text to digest, as in `verify`: `{$.id}{secret}`",
            required=True,
        ),
        Key("keyed", FLAG, "use HMAC, with the secret as key", default=False),
        Key("encoding", CODEC, "encoding of the digest", default="hex"),
        *KEYED,
    ),
)

REPLY = Table(
    "reply",
    (
        Key("status", INTEGER, "HTTP status, 200 to 299", default=200),
        Key("type", TEXT, "content type", default="text/plain; charset=utf-8"),
        Key("body", TEXT, "text, or a template with values of the event: `OK{$.InvId}`", default="OK"),
        Key("by_type", MapOf(TEXT), "bodies for certain types of event", default={}),
        Key("digest", REPLY_DIGEST, "value of `{digest}` in a body"),
    ),
)

DEDUP = Table(
    "dedup",
    (
        Key(
            "within",
            DURATION,
            "time within which the same event is a repeat; by default 30 days for an event with an id, "
            "`retry_window` for one without",
        ),
        Key(
            "changed",
            Plain("text", choices=("repeat", "new")),
            "how to treat an event with a known id and other content, from which the rules make other "
            "starts: as a `repeat`, which is shown, or as a `new` event",
            default="repeat",
        ),
        Key(
            "ignore",
            ListOf(TEXT, or_one=True),
            "paths to leave out when content is compared, such as $.attempt",
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
            "paths of the items, each ending in [*]; a JSON object is not a list and stays one event",
            required=True,
        ),
        Key(
            "keep",
            Plain("text", choices=("envelope", "item")),
            "`envelope`: each event is the whole document with only one item; `item`: the item alone",
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
            "encoding of the JSON; of a JSON web token the claims are read, without checking its signature",
            default="text",
        ),
    ),
)

SOURCE_KEYS = (
    Key("source", TEXT, "name of the source; the URL is /hooks/<source>", required=True),
    Key("profile", TEXT, "built-in source definition; the keys of the file override its keys"),
    Key(
        "methods",
        ListOf(Plain("text", choices=METHODS), or_one=True),
        "HTTP methods that are accepted",
        default=("POST",),
    ),
    Key(
        "body",
        ListOf(Plain("text", choices=BODIES), or_one=True),
        "format of the body; of several, the request's Content-Type chooses one",
        default=("json",),
    ),
    Key("charset", Plain("text", choices=CHARSETS), "character set of the body", default="utf-8"),
    Key("lists", TEXTS, "XML elements that are lists even if there is only one", default=()),
    Key("json_fields", ListOf(Raw("json field"), or_one=True), "fields that contain JSON text", default=()),
    Key("unwrap", TEXT, "field that contains the document, if the field is present: `payload`"),
    Key("secret", SECRETS, "secret that `verify` uses, as ${NAME}; write a list while you change the secret"),
    Key("secrets", Raw("secrets"), "list like `secret`, or more secrets by name, for `use`"),
    Key("public_url", TEXT, "URL as entered at the sender, if the signature covers the URL"),
    Key("verify", Raw("verify"), "how to verify the sender; `none` must be written out"),
    Key(
        "handshake",
        ListOf(HANDSHAKE, or_one=True),
        "requests that are answered and are not events",
        default=(),
    ),
    Key(
        "ignore",
        ListOf(Raw("conditions"), or_one=True),
        "conditions of test pings, which are answered and counted, and start nothing",
        default=(),
    ),
    Key(
        "split",
        Raw("split"),
        "path of the items of a batch; each object of a list, or of brackets of a form, becomes an event",
    ),
    Key("event", EVENT, "id and type of the event"),
    Key("reply", REPLY, "answer to the sender"),
    Key("dedup", Raw("dedup"), "`{within: 30d}`; or `none`: repeats are new events"),
    Key(
        "retry_window",
        DURATION,
        "time for which the sender retries a webhook, and an event without an id is identified by its body",
        default=600,
    ),
)

ABOUT = Table(
    "about",
    (
        Key("title", TEXT, "name of the system", required=True),
        Key("summary", TEXT, "what the system sends, in one sentence", required=True),
        Key("setup", ListOf(TEXT), "steps to set up at the vendor", required=True),
        Key("method", TEXT, "HTTP method and format to choose at the vendor"),
        Key("secret", TEXT, "where to find the secret"),
        Key("events", TEXT, "events to select"),
        Key("verified", TEXT, "how the sender is verified", required=True),
        Key("retries", TEXT, "how the vendor retries if it gets no 2xx"),
        Key("own_ids", TEXT, "where the webhook contains your ids", required=True),
        Key("traps", ListOf(TEXT), "what to watch out for", default=()),
        Key("unverified", ListOf(TEXT), "facts that no document or sample confirms", default=()),
        Key("starter", TEXT, "mapping file to start from, with tests", required=True),
    ),
)

PROFILE = Table(
    Reason(FindingCode.NOUN_PROFILE),
    (
        Key("about", ABOUT, "what `leadbridge profiles show` prints", required=True),
        Key("profile", TEXT, "base profile; the keys of this one override its keys"),
        *SOURCE_KEYS[2:],
    ),
)
