"""What a seed makes of accounts and webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from bridge.model import Account, BotStart, Recipient
from tests.simulation.web import Webhook


def some_accounts(random: Random) -> dict[str, Account]:
    """One or two, paced, with either policy."""
    names = random.choice((("main",), ("main",), ("east", "main")))
    return {name: _account(name, random) for name in names}


def _account(name: str, random: Random) -> Account:
    rate, burst = random.choice(((5.0, 5), (1.0, 1), (20.0, 2), (3.0, 10)))
    return Account(
        name,
        f"token-{name}",
        rate=rate,
        burst=burst,
        on_uncertain=random.choice(("hold", "hold", "resend")),
        server_error=random.choice(("hold", "hold", "retry")),
        probe=random.choice(("empty", "empty", "empty", "connect")),
    )


def some_webhooks(random: Random, accounts: Mapping[str, Account]) -> list[Webhook]:
    """A few webhooks with a start or two each, for a few recipients."""
    recipients = random.randint(1, 4)
    order = random.choice(("relaxed", "relaxed", "strict", "none", "mixed"))
    return [
        Webhook(
            f"w{n}", tuple(_start(random, f"w{n}", item, accounts, recipients, order) for item in range(many))
        )
        for n in range(random.choice((3, 6, 12)))
        for many in [random.choice((0, 1, 1, 1, 2))]
    ]


def _start(
    random: Random, key: str, item: int, accounts: Mapping[str, Account], recipients: int, order: str
) -> BotStart:
    return BotStart(
        rule="sold",
        item=item,
        account=random.choice(sorted(accounts)),
        recipient=Recipient(subscriber_id=random.randint(1, recipients)),
        bot_id=7,
        variables=(("tag", f"{key}-{item}-"),),
        order=random.choice(("strict", "relaxed", "none")) if order == "mixed" else order,  # type: ignore[arg-type]
        on_uncertain=random.choice((None, None, "hold", "resend")),
        expires=random.choice((86_400, 86_400, 86_400, 30, 600)),
    )


def tag(start: BotStart) -> str:
    """Which start of which webhook it is."""
    return dict(start.variables)["tag"]
