"""`verify:` becomes one check of a request: its schemes, `any` and `all`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from itertools import product
from typing import TypeAlias

from bridge.errors import DocumentError
from bridge.language.document import Mapping, Node, Scalar
from bridge.language.keys_verify import VERIFY
from bridge.language.schema import Fields
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import MAIN, Setup, secret_key
from bridge.webhook.incoming import Incoming
from bridge.webhook.redaction.secrets import SecretPlace
from bridge.webhook.verify.check import Check, check_by
from bridge.webhook.verify.digests import compile_hash, compile_hmac
from bridge.webhook.verify.errors import DeniedError
from bridge.webhook.verify.tokens import compile_ip, compile_token

_Scheme: TypeAlias = Callable[[Fields, Setup], Check | None]


def _when_used(module: str, name: str) -> _Scheme:
    """A scheme that is imported where a source has it: the package cryptography takes 3.5 MB and 50 ms."""

    def scheme(fields: Fields, setup: Setup) -> Check | None:
        compiled: Check | None = getattr(import_module(module), name)(fields, setup)
        return compiled

    return scheme


_SCHEMES: dict[str, _Scheme] = {
    "hmac": compile_hmac,
    "hash": compile_hash,
    "token": compile_token,
    "jwt": _when_used("bridge.webhook.verify.jwt_check", "compile_jwt"),
    "ip": compile_ip,
    "signature": _when_used("bridge.webhook.verify.asymmetric", "compile_asymmetric"),
}

OPEN = check_by(Reason(WebhookCode.BY_NOTHING), lambda _: None)
"""`verify: none`: whoever knows the URL is believed."""


def compile_verify(node: Node | None, at: Node, setup: Setup) -> Check | None:
    """The check of a source. Without `verify:` a finding; None after findings."""
    if node is None:
        setup.report.add(at, "M401", Reason(WebhookCode.BAD_NO_VERIFY))
        return None
    if isinstance(node, Scalar) and node.text == "none":
        setup.report.add(node, "W510", Reason(WebhookCode.BAD_OPEN))
        return OPEN
    return _all(node, setup)


def _all(node: Node, setup: Setup) -> Check | None:
    """Every scheme of one level must hold."""
    fields = setup.reader.table(node, VERIFY)
    if fields is None:
        return None
    checks = [check for name in _SCHEMES if name in fields for check in [_scheme(name, fields, setup)]]
    checks += [_every([_all(one, setup) for one in fields["all"] or ()])] if "all" in fields else []
    checks += [_any(fields["any"] or (), fields, setup)] if "any" in fields else []
    if not fields.node.entries:
        setup.report.add(node, "M402", Reason(WebhookCode.BAD_NO_SCHEME, names=(*_SCHEMES, "any", "all")))
    return _every(checks)


def _scheme(name: str, fields: Fields, setup: Setup) -> Check | None:
    return None if fields[name] is None else _SCHEMES[name](fields[name], setup)


def _every(checks: list[Check | None]) -> Check | None:
    known = [check for check in checks if check is not None]
    if len(known) < len(checks) or not known:
        return None
    if len(known) == 1:
        return known[0]

    def run(incoming: Incoming) -> Reason:
        return Reason(WebhookCode.BY_ALL, proofs=tuple([check.run(incoming) for check in known]))

    every = product(*(check.proofs for check in known))
    proofs = frozenset(Reason(WebhookCode.BY_ALL, proofs=one) for one in every)
    return Check(run, proofs, _secrets(known))


def _any(alternatives: tuple[Node, ...], fields: Fields, setup: Setup) -> Check | None:
    """One of them is enough. Those that use named secrets of which none is given are left out."""
    given = [node for node in alternatives if _has_secret(node, setup)]
    if not given:
        if alternatives and not setup.broken_secrets:
            setup.report.add(fields.at("any"), "M402", _no_secret(alternatives))
        elif not alternatives:
            setup.report.add(fields.at("any"), "M402", Reason(WebhookCode.BAD_EMPTY_ANY))
        return None
    checks = [_all(node, setup) for node in given]
    known = [check for check in checks if check is not None]
    if len(known) < len(checks):
        return None
    if len(known) == 1:
        return known[0]
    proofs = frozenset[Reason]().union(*(check.proofs for check in known))
    return Check(_first(known), proofs, _secrets(known))


def _secrets(checks: list[Check]) -> tuple[SecretPlace, ...]:
    return tuple(dict.fromkeys(place for check in checks for place in check.secrets))


def _first(checks: list[Check]) -> Callable[[Incoming], Reason]:
    def run(incoming: Incoming) -> Reason:
        failures: list[DeniedError | DocumentError] = []
        proved: Reason | None = None
        for check in checks:
            try:
                proved = proved or check.run(incoming)
            except (DeniedError, DocumentError) as error:
                failures.append(error)
        if proved is not None:
            return proved
        raise _nearest(failures)

    return run


def _nearest(failures: list[DeniedError | DocumentError]) -> DeniedError | DocumentError:
    """Of several failures the one that helps the owner most: a signature that was there but wrong."""
    exact = [error for error in failures if isinstance(error, DeniedError) and error.code != "missing"]
    denied = [error for error in failures if isinstance(error, DeniedError)]
    return (exact or denied or failures)[0]


def _has_secret(node: Node, setup: Setup) -> bool:
    uses = _uses(node)
    return not uses or any(setup.given(name) for name in uses)


def _uses(node: Node) -> list[str]:
    if not isinstance(node, Mapping):
        return []
    found: list[str] = []
    for key, scheme in node.entries:
        if key.text in _SCHEMES and key.text != "ip" and isinstance(scheme, Mapping):
            found += _named(scheme)
    return found


def _named(scheme: Mapping) -> list[str]:
    use = scheme.get("use")
    if isinstance(use, Scalar):
        return [use.text]
    if use is None:
        return [MAIN] if scheme.get("secret") is None and scheme.get("public_key") is None else []
    return [item.text for item in getattr(use, "items", ()) if isinstance(item, Scalar)]


def _no_secret(alternatives: tuple[Node, ...]) -> Reason:
    names = dict.fromkeys(name for node in alternatives for name in _uses(node))
    return Reason(WebhookCode.BAD_NO_SECRET, key="any", keys=tuple(secret_key(name) for name in names))
