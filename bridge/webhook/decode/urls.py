"""The URL that the sender has signed: a setting, not taken from the request, which a sender can forge."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

from bridge.language.reader import Fields
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.webhook.compile_context import CompileContext
from bridge.webhook.incoming import Incoming

_PORTS = {"https": "443", "http": "80"}


@dataclass(frozen=True, slots=True)
class Urls:
    """The URL of a source, and whether it may be signed with and without its port."""

    base: str = ""
    derived: bool = False
    """Whether it is built from the bridge's address, so that a path token has to be added."""
    either_port: bool = False

    def spellings(self, incoming: Incoming) -> tuple[str, ...]:
        """The URLs that may have been signed: the setting with this request's query."""
        request = incoming.request
        bare, _, own_query = self.base.partition("?")
        if self.derived and request.path_token:
            bare = f"{bare}/{quote(request.path_token)}"
        query = _bytes_as_sent(request.query) or own_query
        url = f"{bare}?{query}" if query else bare
        return (url, _other_port(url)) if self.either_port else (url,)


def compile_urls(fields: Fields, context: CompileContext, *, needed: bool) -> Urls:
    """Compile the URL. If the message contains it (`needed`) and it is not set, the source is closed."""
    either = fields["url_port"] == "either"
    if fields["url"]:
        return Urls(fields["url"], either_port=either)
    if context.public_url:
        return Urls(context.public_url, either_port=either)
    own = context.reader.environment.get("BRIDGE_PUBLIC_URL", "").rstrip("/")
    if own:
        return Urls(f"{own}/hooks/{context.name}", derived=True, either_port=either)
    if needed:
        context.reader.is_unset("BRIDGE_PUBLIC_URL", fields.node, Reason(MappingCode.SIGNED_URL))
    return Urls()


def _bytes_as_sent(query: str) -> str:
    """A query string as text: the server decoded bytes as Latin-1 that are most likely UTF-8."""
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
