"""Checks the chain, validity and name of a sender's certificate before its key is used.

Needs the optional extra `asymmetric` (the package cryptography).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from bridge.errors import BridgeError
from bridge.reasons.reason import GeneralCode, Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.verify.key_algorithms import AVAILABLE, PublicKey

if AVAILABLE:
    from cryptography.x509 import Certificate, DNSName, load_pem_x509_certificates
    from cryptography.x509.extensions import ExtensionNotFound, SubjectAlternativeName
    from cryptography.x509.oid import NameOID
    from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

MAX_CHAIN = 8


class CertificateError(BridgeError):
    """A certificate cannot be trusted."""


def key_of_certificate(chain: bytes, roots: bytes, names: tuple[str, ...], now_ms: int) -> PublicKey:
    """The public key of the first certificate in `chain` (PEM), if `roots` (PEM) trust it at a time.

    A certificate among the roots needs no chain. It must contain one of the names (`*.paypal.com` covers
    subdomains). Raises CertificateError.
    """
    certificates = _load(chain)
    if not certificates or len(certificates) > MAX_CHAIN:
        raise CertificateError(Reason(WebhookCode.CERTIFICATE_CHAIN))
    leaf, *others = certificates
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    name = next((own for own in _names(leaf) if any(covers(one, own) for one in names)), None)
    if name is None:
        raise CertificateError(_wrong_name(leaf))
    trusted = _load(roots)
    if leaf in trusted:
        if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
            raise CertificateError(Reason(WebhookCode.CERTIFICATE_TIME))
        return leaf.public_key()
    if not trusted:
        raise CertificateError(Reason(WebhookCode.CERTIFICATE_NO_AUTHORITY))
    try:
        verifier = PolicyBuilder().store(Store(trusted)).time(now).build_server_verifier(DNSName(name))
        verifier.verify(leaf, others)
    except (VerificationError, ValueError) as error:
        raise CertificateError(Reason(GeneralCode.VERBATIM, text=str(error)[:200])) from None
    return leaf.public_key()


@lru_cache(maxsize=16)
def _load(pem: bytes) -> list[Certificate]:
    try:
        return load_pem_x509_certificates(pem) if pem.strip() else []
    except ValueError:
        raise CertificateError(Reason(WebhookCode.CERTIFICATE_NOT_PEM)) from None


def _names(certificate: Certificate) -> list[str]:
    """The certificate's DNS names; its common name if it has none."""
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
        return names.get_values_for_type(DNSName)
    except (ExtensionNotFound, ValueError):
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return [str(one.value) for one in common]


def _wrong_name(leaf: Certificate) -> Reason:
    names = ", ".join(_names(leaf))[:100]
    if not names:
        return Reason(WebhookCode.CERTIFICATE_NAMELESS)
    return Reason(WebhookCode.CERTIFICATE_NAME, names=names)


def covers(pattern: str, name: str) -> bool:
    """Whether a pattern covers a host: a leading `*.` matches any labels, another `*` one label."""
    wanted, found = pattern.lower().split("."), name.lower().split(".")
    if wanted[0] == "*" and len(found) >= len(wanted):
        wanted, found = wanted[1:], found[len(found) - len(wanted) + 1 :]
    if len(wanted) != len(found):
        return False
    return all(one in ("*", own) for one, own in zip(wanted, found, strict=True))
