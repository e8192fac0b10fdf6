"""The address of the client behind trusted proxies."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from bridge.settings import Proxies


def client_address(peer: str, forwarded_for: str, proxies: Proxies) -> str:
    """The sender's address: X-Forwarded-For counted from the right, as far as its writers are trusted.

    Every trusted proxy appends the address it saw; entries further left may be invented by the client.
    Without trusted proxies the header is ignored.
    """
    chain = [*(part.strip() for part in forwarded_for.split(",") if part.strip()), peer]
    if proxies.hops:
        return _bare(chain[-min(proxies.hops + 1, len(chain))])
    while len(chain) > 1 and _trusted(chain[-1], proxies):
        chain.pop()
    return _bare(chain[-1])


def is_loopback(peer: str) -> bool:
    """Whether the peer is this machine."""
    return peer.startswith("127.") or peer == "::1"


def is_proxy(peer: str, proxies: Proxies) -> bool:
    """Whether the connection may come from a proxy, which opens connections for many clients."""
    return bool(proxies.hops) or is_loopback(peer) or _trusted(peer, proxies)


def _trusted(text: str, proxies: Proxies) -> bool:
    address = _parsed(text)
    return address is not None and any(
        address.version == network.version and address in network for network in proxies.networks
    )


def _bare(text: str) -> str:
    """The address alone, in its shortest spelling; empty if a proxy wrote anything else."""
    address = _parsed(text)
    return "" if address is None else str(address)


@lru_cache(maxsize=256)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Some proxies add a port: 203.0.113.9:41022, [2001:db8::1]:443."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
