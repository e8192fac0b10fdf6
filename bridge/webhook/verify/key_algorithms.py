"""Loads public keys and verifies signatures. Needs the optional extra `asymmetric`: cryptography."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from bridge.errors import BridgeError, DocumentError
from bridge.model import Json
from bridge.reasons.reason import GeneralCode, Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.decode.encodings import decode_bytes
from bridge.webhook.decode.json_body import parse_json

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
    from cryptography.x509 import load_pem_x509_certificate

    AVAILABLE = True
except ImportError:
    AVAILABLE = False

PublicKey: TypeAlias = Any
"""A key of the cryptography package."""


class UnfitKeyError(BridgeError):
    """The text contains no public key for the algorithm."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """`ed25519`, `rsa-sha256`, `rsa-sha1`, `rsa-sha512` or `ecdsa-p256`."""

    name: str
    raw: bool = False
    """Whether ECDSA signatures are r and s concatenated, instead of DER."""

    def fits(self, key: PublicKey) -> bool:
        """Whether a key can be used with this algorithm."""
        if self.name == "ed25519":
            return isinstance(key, ed25519.Ed25519PublicKey)
        if self.name == "ecdsa-p256":
            return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
        return isinstance(key, rsa.RSAPublicKey) and key.key_size >= 1024

    def holds(self, key: PublicKey, signature: bytes, message: bytes) -> bool:
        """Whether the key's signature of the message is valid."""
        try:
            self._verify(key, signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _verify(self, key: PublicKey, signature: bytes, message: bytes) -> None:
        if self.name == "ed25519":
            key.verify(signature, message)
        elif self.name == "ecdsa-p256":
            key.verify(self._der(signature), message, ec.ECDSA(SHA256()))
        else:
            key.verify(signature, message, padding.PKCS1v15(), _rsa_hash(self.name))

    def _der(self, signature: bytes) -> bytes:
        if not self.raw:
            return signature
        if len(signature) != 64:
            raise ValueError("a raw P-256 signature has 64 bytes")
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        return utils.encode_dss_signature(r, s)


def _rsa_hash(name: str) -> HashAlgorithm:
    if name == "rsa-sha1":
        return SHA1()  # noqa: S303  # what the sender signs with
    return SHA512() if name == "rsa-sha512" else SHA256()


def read_keys(text: str, encoding: str, algorithm: Algorithm) -> tuple[PublicKey, ...]:
    """The keys in a text that fit the algorithm; a JWK set may contain several. Raises UnfitKeyError.

    PEM (also of a certificate), DER or PEM in base64 or hex, JWK, or 32 bytes in base64 or hex for Ed25519.
    """
    try:
        keys = _read(text.replace("\\n", "\n").strip(), encoding, algorithm)
    except DocumentError as error:
        raise UnfitKeyError(error.reason) from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnfitKeyError(_fault(error)) from None
    fit = tuple(key for key in keys if algorithm.fits(key))
    if not fit:
        raise UnfitKeyError(Reason(WebhookCode.KEY_KIND, algorithm=algorithm.name))
    return fit


def _fault(error: Exception) -> Reason:
    """The message of the package cryptography."""
    text = str(error).split("\n")[0][:120]
    return Reason(GeneralCode.VERBATIM, text=text) if text else Reason(WebhookCode.KEY_UNREADABLE)


def _read(text: str, encoding: str, algorithm: Algorithm) -> tuple[PublicKey, ...]:
    if text.startswith("-----BEGIN"):
        return (_pem(text.encode()),)
    if text.startswith("{"):
        return _of_jwk(parse_json(text))
    encodings = ("hex", "base64", "base64url") if encoding == "text" else (encoding,)
    compact = "".join(text.split())
    for data in (decode_bytes(compact, one) for one in encodings):
        if data is not None:
            return (_of_bytes(data, algorithm),)
    raise UnfitKeyError(Reason(WebhookCode.KEY_FORM))


def _pem(text: bytes) -> PublicKey:
    if text.startswith(b"-----BEGIN CERTIFICATE"):
        return load_pem_x509_certificate(text).public_key()
    return load_pem_public_key(text)


def _of_bytes(data: bytes, algorithm: Algorithm) -> PublicKey:
    if algorithm.name == "ed25519" and len(data) == 32:
        return ed25519.Ed25519PublicKey.from_public_bytes(data)
    return _pem(data) if data.startswith(b"-----BEGIN") else load_der_public_key(data)


def _of_jwk(jwk: Json) -> tuple[PublicKey, ...]:
    """The key of a JSON web key (RFC 7517), or all supported keys of a set."""
    if isinstance(jwk.get("keys"), list):
        sets = [_of_jwk(one) for one in jwk["keys"] if isinstance(one, dict)]
        return tuple(key for keys in sets for key in keys)
    match jwk.get("kty"), jwk.get("crv"):
        case "RSA", _:
            return (rsa.RSAPublicNumbers(_number(jwk, "e"), _number(jwk, "n")).public_key(),)
        case "EC", "P-256":
            point = ec.EllipticCurvePublicNumbers(_number(jwk, "x"), _number(jwk, "y"), ec.SECP256R1())
            return (point.public_key(),)
        case "OKP", "Ed25519":
            return (ed25519.Ed25519PublicKey.from_public_bytes(_part(jwk, "x")),)
    return ()


def _part(jwk: Json, name: str) -> bytes:
    data = decode_bytes(str(jwk.get(name)), "base64url")
    if data is None:
        raise UnfitKeyError(Reason(WebhookCode.KEY_JWK_PART, name=name))
    return data


def _number(jwk: Json, name: str) -> int:
    return int.from_bytes(_part(jwk, name))
