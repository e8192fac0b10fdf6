"""The exact request of a call, by the accounts in use now."""

from __future__ import annotations

from bridge.assemble.rules import effective_accounts
from bridge.model import BotStart
from bridge.operations.request_preview import Shown, outgoing
from bridge.web.console.routes import Console


def request_of(console: Console, start: BotStart, number: int = 0) -> Shown:
    """With the token masked; a call that is only planned has no number yet."""
    return outgoing(
        start,
        effective_accounts(console.side.settings, console.side.mapping_loader).get(start.account),
        number,
    )
