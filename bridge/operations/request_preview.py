"""Shows the request that LeadConverter gets for a bot start, with the token masked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bridge.dispatch.http.token_redaction import MASK
from bridge.dispatch.policy.request import METHOD, UnsendableError, build, method_url, parameters
from bridge.mapping.rules.ids import contact_kind
from bridge.model import Account, BotStart, Json
from bridge.reasons.reason import Reason
from bridge.text.render import english


@dataclass(frozen=True, slots=True)
class Shown:
    """The exact request except the token, or why it cannot be built. Without an account it has no URL."""

    url: str
    body: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    """In order, not encoded."""
    error: Reason | None = None

    @property
    def doubt(self) -> Literal["", "email", "phone"]:
        """What its `user_id` seems to be instead of a messenger's id."""
        return contact_kind(dict(self.parameters).get("user_id", ""))

    def as_json(self) -> dict[str, Json]:
        """The request as JSON, with documented keys."""
        return {
            "method": "POST",
            "url": self.url,
            "body": self.body,
            "parameters": dict(self.parameters),
            "error": english(self.error),
        }


def outgoing(start: BotStart, account: Account | None, call_id: int) -> Shown:
    """The request of one call. Without its account, which may no longer exist, only the parameters."""
    if account is None:
        return Shown("", parameters=tuple(parameters(start, Account(start.account, ""), call_id)))
    known = tuple(parameters(start, account, call_id))
    try:
        request = build(start, account, call_id)
    except UnsendableError as fault:
        return Shown("", parameters=known, error=fault.reason)
    query = request.url.removeprefix(method_url(account))
    address = f"{account.url.rstrip('/')}/api/v1/{MASK}/{METHOD}{query}"
    return Shown(address, request.body.decode("ascii"), known)
