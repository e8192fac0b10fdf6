"""What was seen of an answer, made by hand, and what it is judged to be."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

from bridge.dispatch.http.exchange import Exchange, Phase
from bridge.dispatch.policy.answer import decode
from bridge.dispatch.policy.outcome import judge
from bridge.model import Account, Outcome
from bridge.text.render import english

NOW = 1_700_000_000_000
ACCOUNT = Account("main", "t-7f3a")
JSON = "application/json"
HTML = "text/html; charset=UTF-8"
PAGE = b"<!DOCTYPE html><html><head><title>Sign in\n to it</title></head></html>"


@dataclass(frozen=True)
class Shown:
    """An outcome with its reason in English."""

    outcome: Outcome
    reason: str
    retry_after: float | None = None
    pause_account: bool = False
    slow_down: bool = False
    denied: bool = False
    cause: str = ""


def answered(status: int, body: object = b"", kind: str = JSON, **headers: str) -> Exchange:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Exchange(
        Phase.COMPLETE, sent=300, total=300, status=status, headers={"content-type": kind} | named, body=raw
    )


def shown(seen: Exchange, account: Account = ACCOUNT, **more: Any) -> Shown:
    found = judge(seen, decode(seen, account.token), account, NOW, **more)
    return Shown(
        **{one.name: getattr(found, one.name) for one in fields(found)} | {"reason": english(found.reason)}
    )
