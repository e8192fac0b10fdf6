"""Every key of `message`: how the text that a sender signed is put together again."""

from __future__ import annotations

from bridge.language.schema import FLAG, TEXT, Key, ListOf, MapOf, Plain, Table

DIGESTS = ("sha256", "sha1", "sha384", "sha512", "md5", "ripemd160")

TEXTS = ListOf(TEXT, or_one=True)
ENCODED = Plain("text", choices=("base64", "hex", *DIGESTS))

_JOIN_KEYS = (
    Key(
        "from",
        Plain("text", choices=("form", "query", "params", "json", "item")),
        "where the fields are; `params` is query and form",
        default="form",
    ),
    Key("at", TEXT, "path of the object whose fields are meant, inside `from: json` or `item`"),
    Key("sub", TEXT, "only fields `sub[name]`, by their inner name: `params`"),
    Key("keys", TEXTS, "names in order, or `sorted`, `sorted_ignoring_case`, `as_sent`; may hold `{secret}`"),
    Key("drop", TEXTS, "names that are left out", default=()),
    Key("only_prefix", TEXTS, "only names that begin so, in any case", default=()),
    Key("scalars_only", FLAG, "objects and lists are left out", default=False),
    Key(
        "nested",
        Plain("text", choices=("json", "skip", "flatten")),
        "objects and lists otherwise",
        default="json",
    ),
    Key("empty", Plain("text", choices=("keep", "skip")), "fields with an empty value", default="keep"),
    Key("unique_values", FLAG, "a name sent twice counts once per value, sorted", default=False),
    Key("insert", MapOf(TEXT), 'fields added before sorting: `{Password: "{secret}"}`', default={}),
    Key(
        "pair",
        TEXT,
        "how one field is written: `{value}`, `{key}={value}`; `{length}` counts the value's bytes",
        default="{value}",
    ),
    Key("separator", TEXT, "between fields", default=""),
    Key(
        "missing", TEXT, "stands for a field of `keys` that was not sent; without it such a field is left out"
    ),
    Key(
        "encode",
        Plain("text", choices=("rfc3986", "form", "base64")),
        "names and values percent-encoded; or values in base64",
    ),
    Key("head", TEXT, "template before the first field", default=""),
    Key("tail", TEXT, "template after the last field", default=""),
)

JOIN = Table(
    "join", (*_JOIN_KEYS, Key("then", Table("then", _JOIN_KEYS), "a second join, after the separator"))
)

_DOCUMENT_KEYS = (
    Key(
        "from",
        Plain("text", choices=("body", "form", "query", "json", "item")),
        "what is written",
        default="body",
    ),
    Key("at", TEXT, "path of the part that is written"),
    Key("drop", TEXTS, "names at the top that are left out: the signature's own", default=()),
    Key("encode", ENCODED, "applied to the finished text; a digest in hexadecimal letters"),
)

CANONICAL_JSON = Table(
    "canonical_json",
    (
        *_DOCUMENT_KEYS,
        Key("sort", FLAG, "keys sorted, at every depth", default=True),
        Key(
            "sort_inner",
            FLAG,
            "`false`: only the keys at the top are sorted, as by PHP's ksort",
            default=True,
        ),
        Key("strings", FLAG, "every scalar is written as a string", default=False),
        Key("escape_slashes", FLAG, "`/` as `\\/`, as PHP does", default=False),
        Key(
            "escape_unicode",
            FLAG,
            "other than ASCII as `\\u`, as PHP and Python do by default",
            default=False,
        ),
        Key("spaces", FLAG, "a blank after `,` and `:`, as Python does by default", default=False),
    ),
)

PHP_SERIALIZE = Table("php_serialize", (*_DOCUMENT_KEYS, Key("sort", FLAG, "fields sorted", default=True)))

MESSAGE = Table(
    "message",
    (
        Key("join", JOIN, "fields of the body or URL, one after another"),
        Key("canonical_json", CANONICAL_JSON, "the document written anew in an agreed form"),
        Key("php_serialize", PHP_SERIALIZE, "the fields as PHP's serialize writes them"),
        Key("template", TEXT, "text with `{body}`, `{timestamp}`, `{url}`, `{header:X}` …"),
        Key("substitute", TEXT, "the raw body with the signature replaced by this template"),
        Key("encode", ENCODED, "applied to the finished text; a digest in hexadecimal letters"),
    ),
)
