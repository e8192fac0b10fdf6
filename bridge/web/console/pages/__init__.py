"""The pages of the console, in the order of its navigation: each module registers its own."""

from __future__ import annotations

from bridge.web.console.pages import audit, choose, connect, overview, playground, rules

PAGES = (
    overview.register,
    rules.register,
    playground.register,
    connect.register,
    choose.register,
    audit.register,
)
