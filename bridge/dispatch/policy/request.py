"""A bot start becomes the request that asks LeadConverter for it. Pure.

Parameters are percent-encoded once with nothing safe, brackets included, so that whatever text a value
holds, the API parses back exactly the parameters that were meant.
"""

from __future__ import annotations

from dataclasses import field
from functools import lru_cache
from urllib.parse import quote

from bridge.errors import BridgeError
from bridge.frozen import frozen
from bridge.model import Account, BotStart, Recipient
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason

METHOD = "bot.startWithVariables"
URL_LIMIT = 7000
"""Bytes of an encoded URL beyond which servers with an 8 KB request line may refuse it."""

FORM_TYPE = "application/x-www-form-urlencoded"


class UnsendableError(BridgeError):
    """A bot start that no request can carry as its account is set up; sending it again changes nothing."""


@frozen
class Outgoing:
    """One request, ready to go. The URL holds the token: it is kept out of the repr."""

    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    content_type: str | None = None
    method: str = "POST"

    @property
    def headers(self) -> dict[str, str]:
        """`Accept` keeps Laravel from answering a validation error with a redirect."""
        headers = {"Accept": "application/json", "Content-Length": str(len(self.body))}
        if self.content_type is not None:
            headers["Content-Type"] = self.content_type
        return headers


def build(start: BotStart, account: Account, call_id: int) -> Outgoing:
    """The request for one call. Raises UnsendableError when no request can carry it."""
    address = method_url(account)
    try:
        query = encode(parameters(start, account, call_id))
    except UnicodeEncodeError as fault:
        raise UnsendableError(Reason(CallCode.HALF_A_PAIR)) from fault
    url = f"{address}?{query}"
    if account.parameters == "form" or (account.parameters == "auto" and len(url) > URL_LIMIT):
        return Outgoing(address, query.encode("ascii"), FORM_TYPE)
    if len(url) > URL_LIMIT:
        raise UnsendableError(
            Reason(CallCode.URL_TOO_LONG, size=len(url), limit=URL_LIMIT), Reason(CallCode.SHORTEN)
        )
    return Outgoing(url)


def empty(account: Account) -> Outgoing:
    """The method without any parameter: it names no bot and nobody, so nothing can start."""
    return Outgoing(method_url(account))


def method_url(account: Account) -> str:
    """Where the account's bots are started. Holds the token: never to be shown."""
    return f"{account.url.rstrip('/')}/api/v1/{_encoded(account.token)}/{METHOD}"


def parameters(start: BotStart, account: Account, call_id: int) -> list[tuple[str, str]]:
    """The API's parameters in the order of its documentation, not yet encoded."""
    pairs = [*recipient(start.recipient), ("bot_id", str(start.bot_id))]
    marker = account.call_id_variable
    pairs += [(f"variable[{name}]", value) for name, value in start.variables if name != marker]
    if marker is not None:
        pairs.append((f"variable[{marker}]", str(call_id)))
    if start.forced:
        pairs.append(("forced", account.forced_value))
    return pairs


def recipient(person: Recipient) -> list[tuple[str, str]]:
    """The parameters of whichever of the two documented forms names this recipient."""
    if person.subscriber_id is not None:
        return [("subscriber_id", str(person.subscriber_id))]
    return [("user_id", person.user_id or ""), ("channel_id", person.channel_id or "")]


def encode(pairs: list[tuple[str, str]]) -> str:
    """Percent-encode names and values as UTF-8. Raises UnicodeEncodeError on lone surrogates."""
    return "&".join([f"{_encoded(name)}={quote(value, safe='')}" for name, value in pairs])


@lru_cache(maxsize=1024)
def _encoded(text: str) -> str:
    """A token, or a parameter's name: those of one rule are the same for all of its calls."""
    return quote(text, safe="")
