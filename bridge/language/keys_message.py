"""Keys of `message`: how to build the text that the sender signed."""

from __future__ import annotations

from bridge.language.schema import FLAG, TEXT, Key, ListOf, MapOf, Plain, Table

DIGESTS = ("sha256", "sha1", "sha384", "sha512", "md5", "ripemd160")

TEXTS = ListOf(TEXT, or_one=True)
ENCODED = Plain("text", choices=("base64", "hex", *DIGESTS))

_JOIN_KEYS = (
    Key(
        "from",
        Plain("text", choices=("form", "query", "params", "json", "item")),
        "source of the fields; `params` is query and form",
        default="form",
    ),
    Key("at", TEXT, "path of the object with the fields, inside `from: json` or `item`"),
    Key("sub", TEXT, "take only fields `sub[name]`, by their inner name: `params`"),
    Key(
        "keys",
        TEXTS,
        "names in order, or `sorted`, `sorted_ignoring_case`, `as_sent`; may include `{secret}`",
    ),
    Key("drop", TEXTS, "names to leave out", default=()),
    Key("only_prefix", TEXTS, "take only names with this prefix, in any case", default=()),
    Key("scalars_only", FLAG, "leave out objects and lists", default=False),
    Key(
        "nested",
        Plain("text", choices=("json", "skip", "flatten")),
        "how to write objects and lists",
        default="json",
    ),
    Key(
        "empty",
        Plain("text", choices=("keep", "skip")),
        "what to do with fields whose value is empty",
        default="keep",
    ),
    Key("unique_values", FLAG, "write each different value of a repeated name once, sorted", default=False),
    Key("insert", MapOf(TEXT), 'fields to add before sorting: `{Password: "{secret}"}`', default={}),
    Key(
        "pair",
        TEXT,
        "template of one field: `{value}`, `{key}={value}`; `{length}` is the value's length in bytes",
        default="{value}",
    ),
    Key("separator", TEXT, "text between fields", default=""),
    Key("missing", TEXT, "value of a field of `keys` that was not sent; without it such a field is left out"),
    Key(
        "encode",
        Plain("text", choices=("rfc3986", "form", "base64")),
        "how to encode names and values: percent-encoded; or only the values, in base64",
    ),
    Key("head", TEXT, "template before the first field", default=""),
    Key("tail", TEXT, "template after the last field", default=""),
)

JOIN = Table(
    "join", (*_JOIN_KEYS, Key("then", Table("then", _JOIN_KEYS), "second join, appended after the separator"))
)

_DOCUMENT_KEYS = (
    Key(
        "from",
        Plain("text", choices=("body", "form", "query", "json", "item")),
        "document to write",
        default="body",
    ),
    Key("at", TEXT, "path of the part to write"),
    Key("drop", TEXTS, "top-level names to leave out, such as that of the signature", default=()),
    Key("encode", ENCODED, "encoding of the finished text; a digest is written in hexadecimal"),
)

CANONICAL_JSON = Table(
    "canonical_json",
    (
        *_DOCUMENT_KEYS,
        Key("sort", FLAG, "sort keys at every level", default=True),
        Key(
            "sort_inner",
            FLAG,
            "`false`: sort only top-level keys, as PHP's ksort does",
            default=True,
        ),
        Key("strings", FLAG, "write every scalar as a string", default=False),
        Key("escape_slashes", FLAG, "write `/` as `\\/`, as PHP does", default=False),
        Key(
            "escape_unicode",
            FLAG,
            "write characters other than ASCII as `\\u`, as PHP and Python do by default",
            default=False,
        ),
        Key("spaces", FLAG, "write a space after `,` and `:`, as Python does by default", default=False),
    ),
)

PHP_SERIALIZE = Table("php_serialize", (*_DOCUMENT_KEYS, Key("sort", FLAG, "sort fields", default=True)))

MESSAGE = Table(
    "message",
    (
        Key("join", JOIN, "the fields of the body or URL, joined"),
        Key("canonical_json", CANONICAL_JSON, "the document, written as JSON in an agreed form"),
        Key("php_serialize", PHP_SERIALIZE, "the fields, in the format of PHP's serialize"),
        Key("template", TEXT, "text with `{body}`, `{timestamp}`, `{url}`, `{header:X}` …"),
        Key("substitute", TEXT, "the raw body, with the signature replaced by this template"),
        Key("encode", ENCODED, "encoding of the finished text; a digest is written in hexadecimal"),
    ),
)
