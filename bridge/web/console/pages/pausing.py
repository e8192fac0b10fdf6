"""Accounts, sources and rules: held back and let go on by who looks at them."""

from __future__ import annotations

from flask import abort, g, request

from bridge.operations import pause as operation
from bridge.operations.authoring.mapping_folder import file_called
from bridge.store.queue import accounts, pauses
from bridge.store.queue.decisions import Decider
from bridge.web.console.bulk import reason
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.rendering import done, url


def register(console: Console) -> None:
    """Changes only. The overview has the buttons for accounts, the page of a file those for what is in it."""
    console.change("account_pause", "/accounts/pause", pause, place="overview")
    console.change("account_resume", "/accounts/resume", resume, place="overview")
    console.change("hold_back", "/rules/pause", hold_back, place="rules")
    console.change("let_go", "/rules/resume", let_go, place="rules")


def pause(console: Console) -> Answer:
    """The calls of an account wait from now on."""
    account = _account(console)
    if operation.pause(console.side.store, account, _decider()):
        return done(url("overview"), "overview.paused.done", account=account, tone="warn")
    return done(url("overview"), "overview.paused.already", account=account)


def resume(console: Console) -> Answer:
    """They go out again."""
    account = _account(console)
    again = operation.resume(console.side.store, account, _decider(), console.side.intake.wake)
    if again is None:
        return done(url("overview"), "overview.resumed.already", account=account)
    if again:
        return done(url("overview"), "overview.resumed.again", account=account, count=again)
    return done(url("overview"), "overview.resumed.done", account=account)


def hold_back(console: Console) -> Answer:
    """The calls of a source, or of one of its rules, wait from now on."""
    source, rule = _named(console)
    to, name = _page_of(console, source), pauses.name_of(source, rule)
    if operation.pause_rules(console.side.store, source, rule, _decider()):
        return done(to, "rules.paused.done", name=name, tone="warn")
    return done(to, "rules.paused.already", name=name)


def let_go(console: Console) -> Answer:
    """They go out again."""
    source, rule = _named(console)
    ended = operation.resume_rules(console.side.store, source, rule, _decider())
    words = "rules.resumed.done" if ended else "rules.resumed.already"
    return done(_page_of(console, source), words, name=pauses.name_of(source, rule))


def _account(console: Console) -> str:
    """The one that the form names, if there is such a one."""
    name = request.form.get("account", "")
    with console.side.store.read() as connection:
        known = {*accounts.all_states(connection), *console.side.mapping_loader.current.accounts}
    return name if name in known else abort(404)


def _named(console: Console) -> tuple[str, str]:
    """The source and the rule that the form names, if they are in a mapping file or paused."""
    named = request.form.get("source", ""), request.form.get("rule", "")
    mapped = console.side.mapping_loader.current.sources.get(named[0])
    if mapped is not None and named[1] in ("", *(rule.name for rule in mapped.rules)):
        return named
    with console.side.store.read() as connection:
        paused = {(one.source, one.rule) for one in pauses.active(connection)}
    return named if named in paused else abort(404)


def _page_of(console: Console, source: str) -> str:
    """Its file's; the overview where there is no such file any more."""
    file = file_called(console.side.settings, console.side.mapping_loader.latest, source)
    return url("rules_of", label=source) if file else url("overview")


def _decider() -> Decider:
    return Decider(g.visitor.who, reason())
