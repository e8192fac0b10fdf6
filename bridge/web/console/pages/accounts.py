"""Accounts: paused and let go on by who looks at them."""

from __future__ import annotations

from flask import abort, g, request

from bridge.desk import pausing
from bridge.store import accounts
from bridge.store.decisions import Decider
from bridge.web.console.registry import Answer, Console
from bridge.web.console.rendering import done, url


def register(console: Console) -> None:
    """Two changes; the overview shows accounts and has the buttons."""
    console.change("account_pause", "/accounts/pause", pause, place="overview")
    console.change("account_resume", "/accounts/resume", resume, place="overview")


def pause(console: Console) -> Answer:
    """Its calls wait from now on."""
    account = _account(console)
    if pausing.pause(console.side.store, account, _decider()):
        return done(url("overview"), "overview.paused.done", account=account, tone="warn")
    return done(url("overview"), "overview.paused.already", account=account)


def resume(console: Console) -> Answer:
    """Its calls go out again."""
    account = _account(console)
    again = pausing.resume(console.side.store, account, _decider(), console.side.intake.wake)
    if again is None:
        return done(url("overview"), "overview.resumed.already", account=account)
    if again:
        return done(url("overview"), "overview.resumed.again", account=account, count=again)
    return done(url("overview"), "overview.resumed.done", account=account)


def _account(console: Console) -> str:
    """The one that the form names, if there is such a one."""
    name = request.form.get("account", "")
    with console.side.store.read() as connection:
        known = {*accounts.all_states(connection), *console.side.rulebook.current.accounts}
    return name if name in known else abort(404)


def _decider() -> Decider:
    return Decider(g.visitor.who, " ".join(request.form.get("why", "").split())[:200])
