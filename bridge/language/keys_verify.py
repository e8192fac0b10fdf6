"""Keys of `verify`: how the sender of a webhook is verified, and what a signature covers."""

from __future__ import annotations

from bridge.language.keys_message import DIGESTS, TEXTS
from bridge.language.schema import DURATION, FLAG, SECRET, TEXT, Key, ListOf, MapOf, Plain, Raw, Table

TOKENS = ("HS256", "HS384", "HS512", "RS256", "RS512", "ES256", "EdDSA")
ASYMMETRIC = ("ed25519", "rsa-sha256", "rsa-sha1", "rsa-sha512", "ecdsa-p256")

SECRETS = ListOf(SECRET, or_one=True)
DIGEST = Plain("text", choices=DIGESTS)

CODEC = Plain("text", choices=("hex", "base64", "base64url", "base64_hex"))
"""Encodings of a digest. base64_hex is base64 of the hexadecimal text, a common mistake in PHP code."""

_PLACES = (
    Key("header", TEXTS, "name of the header; of several, any may match"),
    Key("query", TEXT, "name of the URL's parameter"),
    Key("form", TEXT, "name of the form field, as sent: `sign`, `auth[token]`"),
    Key("json", TEXT, "path in the decoded body, `$.signature`; also of a form or XML body"),
    Key("xml", TEXT, "same as `json`, to make XML readable"),
)

KEYED = (
    Key("secret", SECRETS, "secret of this scheme only; by default the source's secret"),
    Key(
        "use",
        TEXTS,
        "names among the source's `secrets`; the first that is set is used, `secret` is the main one",
    ),
)

DERIVED_KEY = Table(
    "key",
    (
        Key(
            "encoding",
            Plain("text", choices=("text", "hex", "base64", "base64url")),
            "encoding of the secret, as the vendor shows it",
            default="text",
        ),
        Key("strip", TEXT, "prefix of the secret that is not part of the key: `whsec_`", default=""),
        Key("hash", DIGEST, "use the digest of the secret as key"),
    ),
)

SIGNATURE_PLACE = Table(
    "signature",
    (
        *_PLACES,
        Key("item", TEXT, "path in each element of `each`: `additionalData.hmacSignature`"),
        Key("encoding", CODEC, "encoding of the digest", default="hex"),
        Key("prefix", TEXT, "prefix of the digest: `sha256=`", default=""),
        Key("prefix_optional", FLAG, "accept the digest without the prefix, too", default=False),
        Key(
            "separator",
            Plain("text"),
            "text between several signatures of one header; with `pick`, `,` by default",
        ),
        Key("between", TEXT, "text between the label and the value of a signature", default="="),
        Key("pick", TEXT, "label of the signatures to check: `v1`"),
    ),
)

TIMESTAMP_PLACE = Table(
    "timestamp",
    (
        *_PLACES,
        Key(
            "pick",
            TEXT,
            "label in the list of signatures: `t`; or, if there are no labels, the position: `0`",
        ),
        Key(
            "unit",
            Plain("text", choices=("s", "ms", "iso")),
            "seconds, milliseconds or ISO 8601",
            default="s",
        ),
        Key("tolerance", DURATION, "largest difference from now, in the past or future", default=300),
    ),
)

BODY_DIGEST = Table(
    "body_digest",
    (
        *_PLACES,
        Key("algorithm", DIGEST, "digest of the raw body", default="sha256"),
        Key("encoding", CODEC, "encoding of the digest", default="hex"),
        Key("prefix", TEXT, "prefix of the digest", default=""),
    ),
)

_URL = (
    Key(
        "url_port",
        Plain("text", choices=("as_set", "either")),
        "`either`: also accept the signed URL with its port added or left out",
        default="as_set",
    ),
    Key("url", TEXT, "value of `{url}`, if it is not `public_url`"),
)

_SIGNED = (
    Key("message", Raw("what is signed"), "text that is signed: a template, a builder, or a list of both"),
    Key("signature", SIGNATURE_PLACE, "where the signature is, and its encoding", required=True),
    Key("timestamp", TIMESTAMP_PLACE, "time of signing; a webhook outside the tolerance is rejected"),
    Key("each", TEXT, "path of the elements that are signed separately; every signature must match"),
    Key("body_digest", BODY_DIGEST, "digest of the body, if the message contains it in place of the body"),
    *_URL,
)

HMAC = Table(
    "hmac",
    (
        Key(
            "algorithm",
            ListOf(DIGEST, or_one=True),
            "digest algorithm; of several, any may match",
            required=True,
        ),
        Key("key", DERIVED_KEY, "how to make the key from the secret"),
        *_SIGNED,
        *KEYED,
    ),
)

HASH = Table(
    "hash",
    (
        Key(
            "algorithm",
            ListOf(DIGEST, or_one=True),
            "digest algorithm; of several, any may match",
            required=True,
        ),
        *_SIGNED,
        *KEYED,
    ),
)

CERTIFICATE = Table(
    "certificate",
    (
        Key("header", TEXT, "header with the certificate's URL"),
        Key("json", TEXT, "path of the certificate's URL in the decoded body"),
        Key(
            "hosts",
            TEXTS,
            "hosts that are allowed in the URL: `api.paypal.com`, `*.paypal.com`",
            required=True,
        ),
        Key("names", TEXTS, "names, one of which the certificate must have; by default `hosts`"),
    ),
)

PUBLIC_KEY = Key(
    "public_key", TEXT, "public key as PEM, base64, hex or JWK, or ${NAME}; by default the source's secret"
)

SIGNATURE = Table(
    "signature",
    (
        Key("algorithm", Plain("text", choices=ASYMMETRIC), "signature algorithm", required=True),
        PUBLIC_KEY,
        Key("key", DERIVED_KEY, "how to make the key from its text, such as to strip `whpk_`"),
        Key("certificate", CERTIFICATE, "read the key from a certificate at the vendor's host"),
        Key(
            "format",
            Plain("text", choices=("der", "raw")),
            "format of an ECDSA signature: DER, or r followed by s",
            default="der",
        ),
        *_SIGNED,
        *KEYED,
    ),
)

JWT = Table(
    "jwt",
    (
        *_PLACES,
        Key("body", FLAG, "the whole body is the token; read its claims with `body: jwt`"),
        Key(
            "detached",
            FLAG,
            "the token has no claims (`H..S`) and signs the raw body; by default such a token is rejected, "
            "and only the parts of the body that `claims` names are verified",
            default=False,
        ),
        Key("prefix", TEXT, "prefix of the token: `Bearer `", default=""),
        Key(
            "algorithm",
            Plain("text", choices=TOKENS),
            "the only algorithm that is accepted; the token cannot choose another",
            required=True,
        ),
        PUBLIC_KEY,
        Key("key", DERIVED_KEY, "how to make the key from the secret"),
        Key(
            "claims",
            MapOf(TEXT),
            'claims that the token must have, as templates: `{iss: shop, payload_hash: "{digest:sha256}"}`',
            default={},
        ),
        Key("tolerance", DURATION, "allowed difference of `exp`, `nbf` and `iat`", default=60),
        Key("max_age", DURATION, "time after `iat` for which the token is valid"),
        *_URL,
        *KEYED,
    ),
)

BASIC = Table("basic", (Key("user", TEXT, "user name; by default any is accepted"),))

TOKEN = Table(
    "token",
    (
        *_PLACES,
        Key("path", FLAG, "the secret is the last part of the URL: /hooks/<source>/<secret>"),
        Key("basic", BASIC, "HTTP Basic; the secret is the password"),
        Key("prefix", TEXT, "prefix of the secret: `Bearer `", default=""),
        *KEYED,
    ),
)

IP = Table(
    "ip", (Key("networks", ListOf(TEXT, or_one=True), "addresses and networks, IPv4 or IPv6", required=True),)
)

VERIFY = Table(
    "verify",
    (
        Key("hmac", HMAC, "HMAC of a message"),
        Key("hash", HASH, "digest of a message that contains the secret"),
        Key("token", TOKEN, "the secret itself, in one part of the request"),
        Key("jwt", JWT, "JSON web token, in one part of the request"),
        Key("ip", IP, "IP address of the sender"),
        Key("signature", SIGNATURE, "signature that is checked with a public key"),
        Key(
            "any",
            ListOf(Raw("verify")),
            "at least one of these; those whose secret is not set are skipped",
        ),
        Key("all", ListOf(Raw("verify")), "all of these"),
    ),
)
