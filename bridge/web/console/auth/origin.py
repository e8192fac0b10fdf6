"""Who may be answered at all, as the request's head shows it. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

HOME: Final = "/console/"
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_FORWARDING = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


def is_local(peer: str, host: str, headers: Headers) -> bool:
    """Whether the request was made on this machine, and by nobody who came through a proxy on it.

    The name in `host` matters, too: a page elsewhere can give its own name this machine's address.
    """
    return (
        _loopback(peer) and not any(name in headers for name in _FORWARDING) and _name(host) in _LOCAL_NAMES
    )


def is_same_origin(method: str, host: str, headers: Headers, public_url: str) -> bool:
    """Whether a request that changes something was made by a page of this console, as the browser says.

    A client that says nothing is no browser that another page could lead.
    """
    if method in SAFE_METHODS:
        return True
    if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    origin = headers.get("Origin")
    own = {f"http://{host}".lower(), f"https://{host}".lower(), _origin(public_url)}
    return origin is None or origin.lower() in own


def inside(path: str) -> str:
    """The path when it is the console's own, else the console's first page: for going on after login."""
    place = path.partition("?")[0]
    odd = any(part in place for part in ("\\", "//", ".."))
    return path if place.startswith(HOME) and path.isprintable() and not odd else HOME


def _loopback(peer: str) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
