"""Compiles `verify:` to one check of requests, from its schemes, `any` and `all`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import TypeAlias

from bridge.errors import DocumentError
from bridge.language.keys_verify import VERIFY
from bridge.language.nodes import Mapping, Node, Scalar
from bridge.language.reader import Fields
from bridge.reasons.reason import Param, Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import MAIN, CompileContext, secret_key, texts_in
from bridge.webhook.incoming import Incoming
from bridge.webhook.redaction.secrets import SecretPlace
from bridge.webhook.verify.check import Check, check_by
from bridge.webhook.verify.digests import compile_hash, compile_hmac
from bridge.webhook.verify.errors import DeniedError
from bridge.webhook.verify.tokens import compile_ip, compile_token

_Scheme: TypeAlias = Callable[[Fields, CompileContext], Check | None]


def _jwt(fields: Fields, context: CompileContext) -> Check | None:
    """Compile `jwt:`. Imported on first use: the package cryptography takes 3.5 MB and 50 ms."""
    from bridge.webhook.verify.jwt_check import compile_jwt

    return compile_jwt(fields, context)


def _signature(fields: Fields, context: CompileContext) -> Check | None:
    """Compile `signature:`. Imported on first use, as `jwt`."""
    from bridge.webhook.verify.asymmetric import compile_asymmetric

    return compile_asymmetric(fields, context)


_SCHEMES: dict[str, _Scheme] = {
    "hmac": compile_hmac,
    "hash": compile_hash,
    "token": compile_token,
    "jwt": _jwt,
    "ip": compile_ip,
    "signature": _signature,
}

OPEN = check_by(Reason(WebhookCode.BY_NOTHING), lambda _: None)
"""`verify: none`: accepts every request."""


def compile_verify(node: Node | None, at: Node, context: CompileContext) -> Check | None:
    """Compile the check of a source. None after a finding; a missing `verify:` is one."""
    if node is None:
        context.report.add(at, "M401", Reason(WebhookCode.BAD_NO_VERIFY))
        return None
    if isinstance(node, Scalar) and node.text == "none":
        context.report.add(node, "W510", Reason(WebhookCode.BAD_OPEN))
        return OPEN
    return _all(node, context)


def _all(node: Node, context: CompileContext) -> Check | None:
    """Compile the schemes of one level, all of which must pass."""
    fields = context.reader.table(node, VERIFY)
    if fields is None:
        return None
    checks = [check for name in _SCHEMES if name in fields for check in [_scheme(name, fields, context)]]
    checks += [_every([_all(one, context) for one in fields["all"] or ()])] if "all" in fields else []
    checks += [_any(fields["any"] or (), fields, context)] if "any" in fields else []
    if not fields.node.entries:
        context.report.add(node, "M402", Reason(WebhookCode.BAD_NO_SCHEME, names=(*_SCHEMES, "any", "all")))
    return _every(checks)


def _scheme(name: str, fields: Fields, context: CompileContext) -> Check | None:
    return None if fields[name] is None else _SCHEMES[name](fields[name], context)


def _every(checks: list[Check | None]) -> Check | None:
    known = [check for check in checks if check is not None]
    if len(known) < len(checks) or not known:
        return None
    if len(known) == 1:
        return known[0]

    def run(incoming: Incoming) -> Reason:
        return _together([check.run(incoming) for check in known])

    proofs = frozenset(_together(one) for one in product(*(check.proofs for check in known)))
    return Check(run, proofs, _secrets(known), any(check.waits for check in known))


def _together(proofs: Iterable[Reason]) -> Reason:
    """Flat, as older versions recorded proofs of nested schemes."""
    flat: list[Param] = []
    for one in proofs:
        inner = one.params.get("proofs")
        flat += inner if isinstance(inner, tuple) else (one,)
    return Reason(WebhookCode.BY_ALL, proofs=tuple(flat))


def _any(alternatives: tuple[Node, ...], fields: Fields, context: CompileContext) -> Check | None:
    """Compile alternatives, one of which must pass. Those without any of their named secrets are skipped."""
    given = [node for node in alternatives if _has_secret(node, context)]
    if not given:
        if alternatives and not context.broken_secrets:
            context.report.add(fields.at("any"), "M402", _no_secret(alternatives))
        elif not alternatives:
            context.report.add(fields.at("any"), "M402", Reason(WebhookCode.BAD_EMPTY_ANY))
        return None
    checks = [_all(node, context) for node in given]
    known = [check for check in checks if check is not None]
    if len(known) < len(checks):
        return None
    if len(known) == 1:
        return known[0]
    proofs = frozenset[Reason]().union(*(check.proofs for check in known))
    return Check(_first(known), proofs, _secrets(known), any(check.waits for check in known))


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
    """The most helpful of several failures: rather a wrong signature than a missing one."""
    exact = [error for error in failures if isinstance(error, DeniedError) and error.code != "missing"]
    denied = [error for error in failures if isinstance(error, DeniedError)]
    return (exact or denied or failures)[0]


def _has_secret(node: Node, context: CompileContext) -> bool:
    uses = _uses(node)
    return not uses or any(context.given(name) for name in uses)


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
    if use is None:
        return [MAIN] if scheme.get("secret") is None and scheme.get("public_key") is None else []
    return texts_in(use)


def _no_secret(alternatives: tuple[Node, ...]) -> Reason:
    names = dict.fromkeys(name for node in alternatives for name in _uses(node))
    return Reason(WebhookCode.BAD_NO_SECRET, key="any", keys=tuple(secret_key(name) for name in names))
