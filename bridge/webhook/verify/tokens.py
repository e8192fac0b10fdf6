"""Compiles schemes without a digest: `token`, a secret in the request, and `ip`, the sender's address."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable

from bridge.language.nodes import Node, Sequence
from bridge.language.reader import Fields
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import CompileContext
from bridge.webhook.decode.encodings import decode_bytes
from bridge.webhook.incoming import Incoming
from bridge.webhook.redaction.secrets import secret_places
from bridge.webhook.verify.check import Check, check_by
from bridge.webhook.verify.errors import DeniedError
from bridge.webhook.verify.locations import PLACES, compile_place

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def compile_token(fields: Fields, context: CompileContext) -> Check | None:
    """Compile `token:`. None after a finding."""
    secrets = tuple(secret.encode() for secret in context.secrets_of(fields, "token"))
    read = _reader(fields, context)
    if not secrets or read is None:
        return None
    verified, values = read
    prefix = fields["prefix"]

    def prove(incoming: Incoming) -> None:
        for value in values(incoming):
            text = value[len(prefix) :] if value.startswith(prefix) else ""
            sent = text.encode(errors="replace")
            if not sum(hmac.compare_digest(sent, secret) for secret in secrets):
                raise DeniedError("token", Reason(WebhookCode.WRONG_TOKEN, token=verified))

    return check_by(verified, prove, secret_places(fields))


def _reader(
    fields: Fields, context: CompileContext
) -> tuple[Reason, Callable[[Incoming], tuple[str, ...]]] | None:
    if "basic" in fields or "path" in fields:
        kind = context.one_of(fields, (*PLACES, "path", "basic"), "token")
        if kind == "basic" and fields["basic"] is not None:
            user = fields["basic"]["user"]
            return Reason(WebhookCode.BY_PASSWORD), lambda incoming: (_password(incoming, user),)
        if kind == "path" and fields["path"] is True:
            return Reason(WebhookCode.BY_PATH_TOKEN), lambda incoming: (_path_token(incoming),)
        if kind == "path":
            context.report.add(
                fields.at("path"), "M402", Reason(WebhookCode.BAD_ONLY_TRUE, key="token", name="path")
            )
        return None
    place = compile_place(fields, context, "token", ("path", "basic"))
    return None if place is None else (Reason(WebhookCode.BY_TOKEN, place=place.name), place.all)


def _path_token(incoming: Incoming) -> str:
    if not incoming.request.path_token:
        raise DeniedError("missing", Reason(WebhookCode.NO_PATH_TOKEN))
    return incoming.request.path_token


def _password(incoming: Incoming, user: str | None) -> str:
    values = incoming.header("authorization")
    if len(values) != 1:
        raise DeniedError("missing", Reason(WebhookCode.AUTHORIZATION_TIMES, count=len(values)))
    kind, _, code = values[0].partition(" ")
    if kind.lower() != "basic":
        raise DeniedError("malformed", Reason(WebhookCode.AUTHORIZATION_NOT_BASIC))
    try:
        name, colon, password = (decode_bytes(code, "base64", padded=True) or b"").decode().partition(":")
    except ValueError:
        raise DeniedError("malformed", Reason(WebhookCode.AUTHORIZATION_NO_TEXT)) from None
    if not colon or (user is not None and not hmac.compare_digest(name.encode(), user.encode())):
        raise DeniedError("token", Reason(WebhookCode.WRONG_USER))
    return password


def compile_ip(fields: Fields, context: CompileContext) -> Check | None:
    """Compile `ip:`. None after a finding."""
    node = fields.at("networks")
    items = node.items if isinstance(node, Sequence) else (node,)
    if not items:
        context.report.add(node, "M402", Reason(WebhookCode.BAD_NO_NETWORKS))
    texts = fields["networks"] or ()
    networks = [_network(item, text, context) for item, text in zip(items, texts, strict=False)]
    known = tuple(network for network in networks if network is not None)
    if not known or len(known) < len(networks):
        return None

    def prove(incoming: Incoming) -> None:
        client = incoming.request.client
        if not incoming.request.local and not inside(client, known):
            raise DeniedError("ip", Reason(WebhookCode.WRONG_ADDRESS, address=client[:60]))

    return check_by(Reason(WebhookCode.BY_IP), prove)


def _network(node: Node, text: str, context: CompileContext) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=True)
    except ValueError as error:
        context.report.add(node, "M409", Reason(WebhookCode.BAD_NETWORK, fault=str(error)))
        return None


def inside(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address is in one of the networks; an IPv4-mapped IPv6 address counts as IPv4."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return any((mapped or parsed) in network for network in networks)
