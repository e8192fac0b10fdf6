"""Keys of `handshake`: requests that are answered and contain no event."""

from __future__ import annotations

from bridge.language.keys_verify import CODEC, DIGEST, KEYED, TOKEN
from bridge.language.schema import FLAG, TEXT, Key, MapOf, Plain, Raw, Table

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")

_WHEN = Key("when", Raw("conditions"), "only requests for which these conditions hold, as in a rule")
_TYPE = Key("type", TEXT, "content type of the answer")

HANDSHAKE = Table(
    "handshake",
    (
        Key(
            "echo_query",
            Table(
                "echo_query",
                (
                    Key("parameter", TEXT, "parameter whose value is returned", required=True),
                    Key(
                        "method", Plain("text", choices=METHODS), "HTTP method of the request", default="GET"
                    ),
                    Key("token", TOKEN, "token that the request must carry"),
                    Key(
                        "field",
                        TEXT,
                        "answer with JSON that has the value in this field, instead of plain text",
                    ),
                    _WHEN,
                ),
            ),
            "a challenge in the URL is returned",
        ),
        Key(
            "echo_json",
            Table(
                "echo_json",
                (
                    Key("path", TEXT, "path of the challenge", required=True),
                    Key(
                        "field",
                        TEXT,
                        "answer with JSON that has the value in this field, instead of plain text",
                    ),
                    Key("verified", FLAG, "the request must pass `verify`", default=True),
                    _WHEN,
                ),
            ),
            "a challenge in the body is returned",
        ),
        Key(
            "echo_header",
            Table(
                "echo_header",
                (
                    Key("header", TEXT, "header whose value is returned", required=True),
                    Key(
                        "method", Plain("text", choices=METHODS), "HTTP method of the request", default="POST"
                    ),
                    Key("as_header", TEXT, "answer with a header of this name"),
                    Key("field", TEXT, "answer with JSON that has the value in this field"),
                    Key("verified", FLAG, "the request must pass `verify`", default=False),
                    _WHEN,
                ),
            ),
            "a challenge in a header is returned",
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
                    Key(
                        "method", Plain("text", choices=METHODS), "HTTP method of the request", default="POST"
                    ),
                    Key("algorithm", DIGEST, "digest, keyed with the secret", default="sha256"),
                    Key("encoding", CODEC, "encoding of the digest", default="hex"),
                    Key(
                        "fields",
                        MapOf(TEXT),
                        "JSON of the answer: templates with `{value}` and `{digest}`",
                        required=True,
                    ),
                    Key("verified", FLAG, "the request must pass `verify`", default=True),
                    _WHEN,
                    *KEYED,
                ),
            ),
            "a challenge is answered with its HMAC",
        ),
        Key(
            "fixed",
            Table(
                "fixed",
                (
                    Key(
                        "when",
                        Raw("conditions"),
                        "conditions that choose the requests, as in a rule: `$.type: confirmation`",
                    ),
                    Key("body", TEXT, "body of the answer", default=""),
                    Key(
                        "method", Plain("text", choices=METHODS), "HTTP method of the request", default="POST"
                    ),
                    Key("verified", FLAG, "the request must pass `verify`", default=True),
                    _TYPE,
                ),
            ),
            "a request of one kind gets a fixed answer",
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
            "OPTIONS is answered with consent, as CloudEvents requires",
        ),
        Key(
            "accept_unsigned",
            Table(
                "accept_unsigned",
                (
                    Key(
                        "when",
                        Raw("conditions"),
                        "conditions that choose the requests, as in a rule",
                        required=True,
                    ),
                    Key(
                        "method", Plain("text", choices=METHODS), "HTTP method of the request", default="POST"
                    ),
                ),
            ),
            "an unsigned ping, sent when the webhook is created, is answered with 200 and ignored",
        ),
    ),
)
