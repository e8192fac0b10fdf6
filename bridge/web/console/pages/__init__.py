"""The pages of the console, in the order of its navigation: each module registers its own."""

from __future__ import annotations

from bridge.web.console.pages import (
    audit,
    call,
    calls,
    calls_bulk,
    choose,
    connect,
    event,
    event_replay,
    events,
    overview,
    pausing,
    playground,
    recipient,
    refusals,
    repeats,
    replay,
    rules,
)

PAGES = (
    overview.register,
    pausing.register,
    events.register,
    refusals.register,
    repeats.register,
    event.register,
    event_replay.register,
    replay.register,
    calls.register,
    calls_bulk.register,
    call.register,
    recipient.register,
    rules.register,
    playground.register,
    connect.register,
    choose.register,
    audit.register,
)
