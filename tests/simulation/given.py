"""What a seed makes of accounts and webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from bridge.model import Account, Again, BotStart, Cancellation, Errand, Recipient
from tests.simulation.web import Webhook
from tests.simulation.world import START_MS

KEYS = ("cart:1", "cart:2")


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


def some_errands(seed: int, accounts: Mapping[str, Account]) -> list[Webhook]:
    """In half of the histories: starts that are due later, most of them of an errand, and cancellations.

    By chance of their own, so that the rest of a history is the same without them.
    """
    random = Random(f"errands of {seed}")
    if random.random() < 0.5:
        return []
    again: dict[str, Again] = {key: random.choice(("keep", "replace", "replace", "add")) for key in KEYS}
    return [
        _cancelling(random, f"e{n}", accounts)
        if random.random() < 0.3
        else Webhook(f"e{n}", (_later(random, f"e{n}", accounts, again),))
        for n in range(random.choice((4, 8, 14)))
    ]


def _cancelling(random: Random, key: str, accounts: Mapping[str, Account]) -> Webhook:
    lasts, shadow = random.choice((0, 0, 5, 60, 600)), random.random() < 0.1
    account, errand = random.choice(sorted(accounts)), random.choice(KEYS)
    return Webhook(key, (), (Cancellation("paid", 0, account, errand, lasts, 0, shadow),))


def _later(random: Random, key: str, accounts: Mapping[str, Account], again: Mapping[str, Again]) -> BotStart:
    plain = _start(random, key, 0, accounts, 2, "mixed")
    errand = random.choice((None, *KEYS, *KEYS))
    return replace(
        plain,
        shadow=random.random() < 0.1,
        due_at=START_MS + random.choice((1, 1_000, 5_000, 20_000, 60_000, 300_000)),
        errand=Errand(errand, again[errand]) if errand else None,
    )


def tag(start: BotStart) -> str:
    """Which start of which webhook it is."""
    return dict(start.variables)["tag"]
