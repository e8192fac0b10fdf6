"""Logging in and out, and a visitor's language and colours."""

from __future__ import annotations

from flask import Response, g, request

from bridge.store.db.engine import Store
from bridge.text.catalogue import LANGUAGES
from bridge.web.console.auth import guard, login_attempts, revoked_sessions, session
from bridge.web.console.auth.guard import Guard
from bridge.web.console.auth.origin import inside
from bridge.web.console.auth.passwords import Role
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.rendering import bare, go, url


def register(console: Console) -> None:
    """These pages are in no navigation."""
    console.open |= {"login", "try_login", "prefer", "nowhere"}
    console.harmless |= {"try_login", "logout", "prefer"}
    console.page("login", "/login", login, place="")
    console.change("try_login", "/login", try_login)
    console.change("logout", "/logout", logout)
    console.change("prefer", "/preferences", prefer)


def login(_: Console) -> Answer:
    """The form: a name and, where there is one, the password."""
    return _form()


def try_login(console: Console) -> Answer:
    """A password, to be right or wrong; where there is none just the name."""
    entrance: Guard = g.guard
    who = session.clean_name(request.form.get("who", ""))
    if not who:
        return _form(problem="nameless", status=400)
    if not entrance.passwords.locked:
        return _admit(who, "edit")
    address = entrance.address()
    wait = _begin(console.side.store, address)
    if wait:
        answer = _form(problem="wait", status=429, wait=wait)
        answer.headers["Retry-After"] = str(wait // 1000 + 1)
        return answer
    role = entrance.passwords.role_of(request.form.get("password", ""))
    if role is None:
        return _form(problem="wrong", status=401)
    with console.side.store.transaction() as connection:
        login_attempts.succeeded(connection, console.side.store.now(connection), address)
    return _admit(who, role)


def logout(console: Console) -> Answer:
    """The browser forgets who it was, and nobody who copied its cookie can go on."""
    entrance: Guard = g.guard
    if g.visitor.role:
        store = console.side.store
        with store.transaction() as connection:
            revoked_sessions.end(connection, store.now(connection), g.visitor.id, session.HOURS * 3_600_000)
    answer = go(url("login"))
    entrance.keep(answer, guard.SESSION, "")
    return answer


def prefer(_: Console) -> Answer:
    """Another language, other colours: remembered by the browser."""
    answer = go(inside(request.form.get("next", "")))
    for cookie, name, choices in (
        (guard.LANGUAGE, "language", tuple(LANGUAGES)),
        (guard.THEME, "theme", guard.THEMES),
    ):
        if request.form.get(name) in choices:
            g.guard.keep(answer, cookie, request.form[name])
    return answer


def _form(problem: str = "", status: int = 200, wait: int = 0) -> Response:
    entrance: Guard = g.guard
    return bare(
        "login",
        status,
        problem=problem,
        wait=wait,
        locked=entrance.passwords.locked,
        who=session.clean_name(request.form.get("who", "")),
        next=inside(request.values.get("next", "")),
    )


def _begin(store: Store, address: str) -> int:
    """Milliseconds to wait, 0 when the password may be tried now. Who must wait costs no write."""
    with store.read() as connection:
        wait = login_attempts.wait_ms(connection, store.now(connection), address)
    if wait:
        return wait
    with store.transaction() as connection:
        return login_attempts.begin(connection, store.now(connection), address)


def _admit(who: str, role: Role) -> Response:
    entrance: Guard = g.guard
    answer = go(inside(request.form.get("next", "")))
    entrance.keep(answer, guard.VISIT, "")
    return entrance.admit(answer, session.admitted(who, role))
