"""Schemes without a digest: `token`, the secret itself in one place, and `ip`, the sender's address."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable

from bridge.language.document import Node, Sequence
from bridge.language.schema import Fields
from bridge.webhook.compile_context import Setup
from bridge.webhook.decode.encodings import decode_bytes
from bridge.webhook.incoming import Incoming
from bridge.webhook.redaction.secrets import secret_places
from bridge.webhook.verify.check import Check
from bridge.webhook.verify.errors import DeniedError
from bridge.webhook.verify.locations import compile_place

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def compile_token(fields: Fields, setup: Setup) -> Check | None:
    """`token:`"""
    secrets = tuple(secret.encode() for secret in setup.secrets_of(fields, "token"))
    read = _reader(fields, setup)
    if not secrets or read is None:
        return None
    words, values = read
    prefix = fields["prefix"]

    def run(incoming: Incoming) -> str:
        for value in values(incoming):
            text = value[len(prefix) :] if value.startswith(prefix) else ""
            sent = text.encode(errors="replace")
            if not sum(hmac.compare_digest(sent, secret) for secret in secrets):
                raise DeniedError("token", f"{words} is not the secret")
        return words

    return Check(words, run, secret_places(fields))


def _reader(fields: Fields, setup: Setup) -> tuple[str, Callable[[Incoming], tuple[str, ...]]] | None:
    if "basic" in fields or "path" in fields:
        kind = setup.one_of(fields, ("header", "query", "form", "json", "xml", "path", "basic"), "token")
        if kind == "basic" and fields["basic"] is not None:
            user = fields["basic"]["user"]
            return "basic password", lambda incoming: (_password(incoming, user),)
        if kind == "path" and fields["path"] is True:
            return "path token", lambda incoming: (_path_token(incoming),)
        if kind == "path":
            setup.report.add(fields.at("path"), "M402", 'token "path" can only be true')
        return None
    place = compile_place(fields, setup, "token", ("path", "basic"))
    return None if place is None else (f"token in {place.words}", place.all)


def _path_token(incoming: Incoming) -> str:
    if not incoming.request.path_token:
        raise DeniedError("missing", "the URL ends without its token")
    return incoming.request.path_token


def _password(incoming: Incoming, user: str | None) -> str:
    values = incoming.header("authorization")
    if len(values) != 1:
        raise DeniedError("missing", f"header Authorization is given {len(values)} times, not once")
    kind, _, code = values[0].partition(" ")
    if kind.lower() != "basic":
        raise DeniedError("malformed", "header Authorization is not Basic")
    try:
        name, colon, password = (decode_bytes(code, "base64", padded=True) or b"").decode().partition(":")
    except ValueError:
        raise DeniedError("malformed", "header Authorization holds no text") from None
    if not colon or (user is not None and not hmac.compare_digest(name.encode(), user.encode())):
        raise DeniedError("token", "the user of Basic authorization is not the expected one")
    return password


def compile_ip(fields: Fields, setup: Setup) -> Check | None:
    """`ip:`"""
    node = fields.at("networks")
    items = node.items if isinstance(node, Sequence) else (node,)
    if not items:
        setup.report.add(node, "M402", "ip has no networks, so nobody could ever pass")
    texts = fields["networks"] or ()
    networks = [_network(item, text, setup) for item, text in zip(items, texts, strict=False)]
    known = tuple(network for network in networks if network is not None)
    if not known or len(known) < len(networks):
        return None

    def run(incoming: Incoming) -> str:
        if incoming.request.local or inside(incoming.request.client, known):
            return "ip"
        raise DeniedError("ip", f"the address {incoming.request.client[:60]} is in none of the networks")

    return Check("ip", run)


def _network(node: Node, text: str, setup: Setup) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=True)
    except ValueError as error:
        setup.report.add(node, "M409", f"no network: {error}")
        return None


def inside(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address is in one of the networks; an IPv4 address in IPv6 clothes counts as IPv4."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return any((mapped or parsed) in network for network in networks)
