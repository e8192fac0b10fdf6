"""Every key of `verify`: how the sender of a webhook is proved, and what a signature is made over."""

from __future__ import annotations

from bridge.language.keys_message import DIGESTS, TEXTS
from bridge.language.schema import DURATION, FLAG, SECRET, TEXT, Key, ListOf, MapOf, Plain, Raw, Table

TOKENS = ("HS256", "HS384", "HS512", "RS256", "RS512", "ES256", "EdDSA")
ASYMMETRIC = ("ed25519", "rsa-sha256", "rsa-sha1", "rsa-sha512", "ecdsa-p256")

SECRETS = ListOf(SECRET, or_one=True)
DIGEST = Plain("text", choices=DIGESTS)

CODEC = Plain("text", choices=("hex", "base64", "base64url", "base64_hex"))
"""How a digest is written; base64_hex is base64 of the hexadecimal text, as PHP makes it by oversight."""

_PLACES = (
    Key("header", TEXTS, "header that carries it; of several, any may"),
    Key("query", TEXT, "parameter of the URL that carries it"),
    Key("form", TEXT, "form field that carries it, named as sent: `sign`, `auth[token]`"),
    Key("json", TEXT, "path into the decoded body, `$.signature`; of a form or XML body as well"),
    Key("xml", TEXT, "the same as `json`, for a reader of XML"),
)

KEYED = (
    Key("secret", SECRETS, "secret of this scheme alone; without it the source's own"),
    Key(
        "use",
        TEXTS,
        "names of the source's `secrets`; the first that is given counts, `secret` is the main one",
    ),
)

DERIVED_KEY = Table(
    "key",
    (
        Key(
            "encoding",
            Plain("text", choices=("text", "hex", "base64", "base64url")),
            "how the vendor writes the secret",
            default="text",
        ),
        Key("strip", TEXT, "beginning of the secret that is no part of the key: `whsec_`", default=""),
        Key("hash", DIGEST, "the key is the digest of the secret, not the secret"),
    ),
)

SIGNATURE_PLACE = Table(
    "signature",
    (
        *_PLACES,
        Key("item", TEXT, "path inside each element of `each`: `additionalData.hmacSignature`"),
        Key("encoding", CODEC, "how the digest is written", default="hex"),
        Key("prefix", TEXT, "what stands before the digest: `sha256=`", default=""),
        Key("prefix_optional", FLAG, "also accepted without the prefix", default=False),
        Key("separator", Plain("text"), "between several signatures of one header; default `,` with `pick`"),
        Key("between", TEXT, "between label and value of each of them", default="="),
        Key("pick", TEXT, "label of those that count: `v1`"),
    ),
)

TIMESTAMP_PLACE = Table(
    "timestamp",
    (
        *_PLACES,
        Key("pick", TEXT, "label in the signature's own list: `t`; its place where there are no labels: `0`"),
        Key(
            "unit",
            Plain("text", choices=("s", "ms", "iso")),
            "seconds, milliseconds or ISO 8601",
            default="s",
        ),
        Key("tolerance", DURATION, "how far it may be from now, both ways", default=300),
    ),
)

BODY_DIGEST = Table(
    "body_digest",
    (
        *_PLACES,
        Key("algorithm", DIGEST, "digest of the raw body", default="sha256"),
        Key("encoding", CODEC, "how it is written", default="hex"),
        Key("prefix", TEXT, "what stands before it", default=""),
    ),
)

_URL = (
    Key(
        "url_port",
        Plain("text", choices=("as_set", "either")),
        "whether the signed URL may also name, or leave out, its port",
        default="as_set",
    ),
    Key("url", TEXT, "what `{url}` stands for, where it is not `public_url`"),
)

_SIGNED = (
    Key("message", Raw("what is signed"), "what is signed: a template, a builder, or a list of both"),
    Key("signature", SIGNATURE_PLACE, "where the signature stands and how it is written", required=True),
    Key("timestamp", TIMESTAMP_PLACE, "when it was signed; older or newer than the tolerance is refused"),
    Key("each", TEXT, "path of the elements that are signed one by one; all must hold"),
    Key("body_digest", BODY_DIGEST, "the message holds a digest of the body instead of the body"),
    *_URL,
)

HMAC = Table(
    "hmac",
    (
        Key("algorithm", ListOf(DIGEST, or_one=True), "digest; of several, any may match", required=True),
        Key("key", DERIVED_KEY, "how the key is made from the secret"),
        *_SIGNED,
        *KEYED,
    ),
)

HASH = Table(
    "hash",
    (
        Key("algorithm", ListOf(DIGEST, or_one=True), "digest; of several, any may match", required=True),
        *_SIGNED,
        *KEYED,
    ),
)

CERTIFICATE = Table(
    "certificate",
    (
        Key("header", TEXT, "header with the certificate's URL"),
        Key("json", TEXT, "path of the certificate's URL in the decoded body"),
        Key("hosts", TEXTS, "hosts it may come from: `api.paypal.com`, `*.paypal.com`", required=True),
        Key("names", TEXTS, "names of which the certificate must bear one; without it, `hosts`"),
    ),
)

PUBLIC_KEY = Key("public_key", TEXT, "PEM, base64, hex or JWK, or ${NAME}; without it the source's secret")

SIGNATURE = Table(
    "signature",
    (
        Key("algorithm", Plain("text", choices=ASYMMETRIC), "kind of signature", required=True),
        PUBLIC_KEY,
        Key("key", DERIVED_KEY, "a beginning to strip off the key: `whpk_`"),
        Key("certificate", CERTIFICATE, "the key comes as a certificate from the vendor's host"),
        Key(
            "format",
            Plain("text", choices=("der", "raw")),
            "how an ECDSA signature is packed: DER, or r and s side by side",
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
        Key("body", FLAG, "the whole body is the token; `body: jwt` reads its claims"),
        Key(
            "detached",
            FLAG,
            "the token has no claims (`H..S`) and signs the raw body; without it such a token is refused, "
            "and of the body only what `claims` name is proved",
            default=False,
        ),
        Key("prefix", TEXT, "what stands before the token: `Bearer `", default=""),
        Key(
            "algorithm",
            Plain("text", choices=TOKENS),
            "the one algorithm that counts; the token's own word does not",
            required=True,
        ),
        PUBLIC_KEY,
        Key("key", DERIVED_KEY, "how the key is made from the secret"),
        Key(
            "claims",
            MapOf(TEXT),
            'what it must say, as templates: `{iss: shop, payload_hash: "{digest:sha256}"}`',
            default={},
        ),
        Key("tolerance", DURATION, "how far `exp`, `nbf` and `iat` may be off", default=60),
        Key("max_age", DURATION, "for how long after its `iat` it counts"),
        *_URL,
        *KEYED,
    ),
)

BASIC = Table("basic", (Key("user", TEXT, "user name; without it any"),))

TOKEN = Table(
    "token",
    (
        *_PLACES,
        Key("path", FLAG, "the secret is the last part of the URL: /hooks/<source>/<secret>"),
        Key("basic", BASIC, "HTTP Basic; the secret is the password"),
        Key("prefix", TEXT, "what stands before the secret: `Bearer `", default=""),
        *KEYED,
    ),
)

IP = Table(
    "ip", (Key("networks", ListOf(TEXT, or_one=True), "addresses and networks, v4 or v6", required=True),)
)

VERIFY = Table(
    "verify",
    (
        Key("hmac", HMAC, "keyed digest of a message"),
        Key("hash", HASH, "plain digest of a message that holds the secret"),
        Key("token", TOKEN, "the secret itself, in one place of the request"),
        Key("jwt", JWT, "a JSON web token, in one place of the request"),
        Key("ip", IP, "the sender's address"),
        Key("signature", SIGNATURE, "signature with a public key"),
        Key(
            "any",
            ListOf(Raw("verify")),
            "one of these is enough; those whose secret is not given are left out",
        ),
        Key("all", ListOf(Raw("verify")), "all of these"),
    ),
)
