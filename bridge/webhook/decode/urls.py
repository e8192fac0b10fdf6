"""The URL as the sender knows it: a setting, never rebuilt from the request, which the sender can colour."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

from bridge.language.schema import Fields
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.webhook.compile_context import Setup
from bridge.webhook.incoming import Incoming

_PORTS = {"https": "443", "http": "80"}


@dataclass(frozen=True, slots=True)
class Urls:
    """The URL of a source, and whether it counts with and without its port."""

    base: str = ""
    derived: bool = False
    """Made of the bridge's own address, so that a path token has to be added."""
    either_port: bool = False

    def spellings(self, incoming: Incoming) -> tuple[str, ...]:
        """The URLs that may have been signed: the setting, with the query that this request came with."""
        request = incoming.request
        bare, _, own_query = self.base.partition("?")
        if self.derived and request.path_token:
            bare = f"{bare}/{quote(request.path_token)}"
        query = _bytes_as_sent(request.query) or own_query
        url = f"{bare}?{query}" if query else bare
        return (url, _other_port(url)) if self.either_port else (url,)


def compile_urls(fields: Fields, setup: Setup, *, needed: bool) -> Urls:
    """Where the message holds the URL it must be known: the source is closed otherwise."""
    either = fields["url_port"] == "either"
    if fields["url"]:
        return Urls(fields["url"], either_port=either)
    if setup.public_url:
        return Urls(setup.public_url, either_port=either)
    own = setup.reader.environment.get("BRIDGE_PUBLIC_URL", "").rstrip("/")
    if own:
        return Urls(f"{own}/hooks/{setup.name}", derived=True, either_port=either)
    if needed:
        setup.reader.is_unset("BRIDGE_PUBLIC_URL", fields.node, Reason(MappingCode.SIGNED_URL))
    return Urls()


def _bytes_as_sent(query: str) -> str:
    """A query string as text: what a server handed over byte by byte is most likely UTF-8."""
    return query if query.isascii() else query.encode("latin-1", "replace").decode("utf-8", "replace")


def _other_port(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    if port is not None:
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition(":")[0]))
    return urlunsplit(parts._replace(netloc=f"{parts.netloc}:{_PORTS.get(parts.scheme, '443')}"))
