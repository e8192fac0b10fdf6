"""Converts calls and their requests between rows and values."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final, NamedTuple, cast

from bridge.frozen import frozen
from bridge.model import BotStart, Call, Errand, OnUncertain, Order, Recipient, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import from_text, to_text
from bridge.store.db.driver import AnyRow
from bridge.store.db.tables import FOR_EVER
from bridge.store.db.texts import document_text, plain

_DECODE = json.JSONDecoder().decode
SHADOW: Final = Reason(CallCode.SHADOW)


@frozen
class NewCall:
    """A call to be added; `parent` is the call that it repeats, 0 for none."""

    event_id: int
    source: str
    start: BotStart
    parent: int = 0
    received_at: int = 0
    """When its event was received, or is replayed; unix milliseconds."""
    past_mark: bool = False
    """Whether it is made although its errand is cancelled."""
    replayed: bool = False
    """Whether its event is replayed: it does not replace calls of later events."""


class Beginning(NamedTuple):
    """The state in which a new call is stored."""

    state: State
    due_at: int
    reason: Reason | None = None
    put_off_until: int = 0


def beginning(new: NewCall, now: int) -> Beginning:
    """How a call begins that no other call and no cancellation concerns."""
    start = new.start
    if not start.due_at:
        return Beginning(State.CANCELLED, now, SHADOW) if start.shadow else Beginning(State.QUEUED, now)
    if start.is_skipped(new.received_at):
        return Beginning(State.CANCELLED, start.due_at, Reason(CallCode.SKIPPED))
    return begins_at(start.due_at, now, shadow=start.shadow)


def begins_at(due_at: int, now: int, *, shadow: bool) -> Beginning:
    """How a call begins that is due then."""
    if due_at > now:
        return Beginning(State.WAITING, due_at)
    return Beginning(State.CANCELLED, now, SHADOW) if shadow else Beginning(State.QUEUED, now)


def call_row(number: int, now: int, new: NewCall, begins: Beginning) -> tuple[Any, ...]:
    """The row of a new call, in the order of the table's columns."""
    start, state = new.start, begins.state
    identity = (number, new.event_id, new.source, plain(start.rule), start.item, new.parent)
    request = (start.account, start.recipient.key, request_text(start), start.order, start.on_uncertain or "")
    expires = FOR_EVER if state is State.WAITING else now + start.expires * 1000
    settled = now if state is State.CANCELLED else 0
    state_columns = (state.value, 0, 0, 0, False, "")
    times = (now, begins.due_at, expires, 0, 0, settled)
    hold = (0 if start.order == "none" else FOR_EVER, 0, 0)
    errand = (plain(start.errand.key) if start.errand else "", begins.put_off_until, 0)
    return (*identity, *request, *state_columns, *times, *hold, to_text(begins.reason), "", number, *errand)


def request_text(start: BotStart) -> str:
    """The rendered request as JSON. Retries send exactly this; nothing is rendered again."""
    to = start.recipient
    request: dict[str, Any] = {
        "bot_id": start.bot_id,
        "subscriber_id": to.subscriber_id,
        "user_id": to.user_id,
        "channel_id": to.channel_id,
        "variables": start.variables,
        "forced": start.forced,
        "expires": start.expires,
        "shadow": start.shadow,
    }
    if start.due_at or start.errand:
        errand = start.errand
        request["when"] = (start.due_at, start.late, start.zone)
        request["errand"] = (errand.key, errand.again, errand.at_most) if errand else None
    return document_text(request)


def shadow_text(start: BotStart) -> str:
    """What only requests of its kind contain, shadow or live, as `request_text` writes them."""
    return document_text({"shadow": start.shadow})[1:-1]


def bot_prefix(bot: int) -> str:
    """The beginning of the requests of a bot, as `request_text` writes them."""
    return f"{document_text({'bot_id': bot}).removesuffix('}')},"


def start_of(row: AnyRow) -> BotStart:
    """The bot start that a row of `calls` holds."""
    request = _DECODE(row.request)
    due_at, late, zone = request.get("when", (0, "send", ""))
    errand = request.get("errand")
    return BotStart(
        rule=row.rule,
        item=row.item,
        account=row.account,
        recipient=Recipient(request["subscriber_id"], request["user_id"], request["channel_id"]),
        bot_id=request["bot_id"],
        variables=tuple((name, value) for name, value in request["variables"]),
        forced=request["forced"],
        order=cast(Order, row.order_mode),
        on_uncertain=cast(OnUncertain, row.on_uncertain) if row.on_uncertain else None,
        expires=request["expires"],
        shadow=request["shadow"],
        due_at=due_at,
        late=late,
        zone=zone,
        errand=Errand(*errand) if errand else None,
    )


def call_of(row: AnyRow) -> Call:
    """The call that a row of `calls` holds. After a cancellation of its errand, it is not sent again."""
    start = start_of(row)
    return Call(
        id=row.id,
        event_id=row.event_id,
        source=row.source,
        start=replace(start, on_uncertain="hold") if row.cancelled_by else start,
        state=State(row.state),
        attempt=row.attempt,
        answered=row.answered,
        resends=row.resends,
        parent=row.parent,
        owner=row.owner,
        created_at=row.created_at,
        due_at=row.due_at,
        expires_at=row.expires_at,
        lease_until=row.lease_until,
        reason=from_text(row.reason),
        had_uncertain=bool(row.had_uncertain),
        cause=row.cause,
        first_due_at=_first_due(start.due_at, row.put_off_until),
    )


def _first_due(due_at: int, put_off_until: int) -> int:
    """The start's own due time, or the limit that the call which it replaced gave it."""
    return min(due_at, put_off_until) if due_at and put_off_until else due_at
