"""Every key of `handshake`: requests that are answered and carry no event."""

from __future__ import annotations

from bridge.language.keys_verify import CODEC, DIGEST, KEYED, TOKEN
from bridge.language.schema import FLAG, TEXT, Key, MapOf, Plain, Raw, Table

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")

_WHEN = Key("when", Raw("conditions"), "only requests that these conditions hold for, as in a rule")
_TYPE = Key("type", TEXT, "content type of the answer")

HANDSHAKE = Table(
    "handshake",
    (
        Key(
            "echo_query",
            Table(
                "echo_query",
                (
                    Key("parameter", TEXT, "parameter whose value is sent back", required=True),
                    Key("method", Plain("text", choices=METHODS), "method of such a request", default="GET"),
                    Key("token", TOKEN, "must hold first"),
                    Key("field", TEXT, "answer JSON with the value in this field instead of the bare text"),
                    _WHEN,
                ),
            ),
            "a challenge in the URL is sent back",
        ),
        Key(
            "echo_json",
            Table(
                "echo_json",
                (
                    Key("path", TEXT, "path of the challenge", required=True),
                    Key("field", TEXT, "answer JSON with the value in this field instead of the bare text"),
                    Key("verified", FLAG, "the request must pass `verify`", default=True),
                    _WHEN,
                ),
            ),
            "a challenge in the body is sent back",
        ),
        Key(
            "echo_header",
            Table(
                "echo_header",
                (
                    Key("header", TEXT, "header whose value is sent back", required=True),
                    Key("method", Plain("text", choices=METHODS), "method of such a request", default="POST"),
                    Key("as_header", TEXT, "answer with a header of this name"),
                    Key("field", TEXT, "answer JSON with the value in this field"),
                    Key("verified", FLAG, "the request must pass `verify`", default=False),
                    _WHEN,
                ),
            ),
            "a challenge in a header is sent back",
        ),
        Key(
            "hmac_reply",
            Table(
                "hmac_reply",
                (
                    Key(
                        "path",
                        TEXT,
                        "path of the challenge: `$.payload.plainToken`, `$query.crc_token`",
                        required=True,
                    ),
                    Key("method", Plain("text", choices=METHODS), "method of such a request", default="POST"),
                    Key("algorithm", DIGEST, "digest, keyed with the secret", default="sha256"),
                    Key("encoding", CODEC, "how the digest is written", default="hex"),
                    Key(
                        "fields",
                        MapOf(TEXT),
                        "JSON to answer: templates with `{value}` and `{digest}`",
                        required=True,
                    ),
                    Key("verified", FLAG, "the request must pass `verify`", default=True),
                    _WHEN,
                    *KEYED,
                ),
            ),
            "a challenge is answered with its keyed digest",
        ),
        Key(
            "fixed",
            Table(
                "fixed",
                (
                    Key("when", Raw("conditions"), "which requests, as in a rule: `$.type: confirmation`"),
                    Key("body", TEXT, "what is answered", default=""),
                    Key("method", Plain("text", choices=METHODS), "method of such a request", default="POST"),
                    Key("verified", FLAG, "the request must pass `verify`", default=True),
                    _TYPE,
                ),
            ),
            "a fixed answer to one kind of request",
        ),
        Key(
            "options_consent",
            Table(
                "options_consent",
                (
                    Key("origin", TEXT, "WebHook-Allowed-Origin", default="*"),
                    Key("rate", TEXT, "WebHook-Allowed-Rate", default="*"),
                ),
            ),
            "OPTIONS is answered with consent, as CloudEvents asks",
        ),
        Key(
            "accept_unsigned",
            Table(
                "accept_unsigned",
                (
                    Key("when", Raw("conditions"), "which requests, as in a rule", required=True),
                    Key("method", Plain("text", choices=METHODS), "method of such a request", default="POST"),
                ),
            ),
            "an unsigned ping at creation is answered with 200 and nothing else happens",
        ),
    ),
)
