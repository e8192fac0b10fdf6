"""Stands before every page of the console: who may come in, and from where a change may be asked for."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, g, request
from werkzeug.exceptions import Forbidden

from bridge.settings import Settings
from bridge.text.catalogue import LANGUAGES
from bridge.text.console import translator
from bridge.web.client import client_address
from bridge.web.console.auth import revoked_sessions, session
from bridge.web.console.auth.origin import HOME, SAFE_METHODS, is_local, is_same_origin
from bridge.web.console.auth.passwords import Passwords
from bridge.web.console.auth.session import Visitor
from bridge.web.console.routes import Console
from bridge.web.console.view.rendering import SAID, bare, go, url

SESSION: Final = "leadbridge"
"""The cookie of who is logged in."""
VISIT: Final = "leadbridge_visit"
"""The cookie of who is about to log in."""
LANGUAGE: Final = "leadbridge_language"
THEME: Final = "leadbridge_theme"
THEMES: Final = ("auto", "light", "dark")
FORM_LIMIT: Final = 3 << 20
"""Bytes of a form: a mapping file and a payload, and what percent-encoding makes of them."""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with it browsers hide the origin of the console's own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_FOREVER = "public, max-age=31536000, immutable"
_YEAR = 365 * 86400


class Guard:
    """`enter` comes before each view, `leave` after it."""

    def __init__(self, console: Console, passwords: Passwords) -> None:
        self.console = console
        self.passwords = passwords
        self.settings: Settings = console.side.settings

    def enter(self) -> Response | None:
        """None lets the request through."""
        view = (request.endpoint or "").rpartition(".")[2]
        g.speech, g.theme, g.place, g.visitor = translator(_language()), _theme(), "", None
        g.guard = self
        if view == "static":
            return None
        if not self.passwords.locked and not self._is_local():
            return bare("refused", 403, host=request.host)
        if SESSION not in request.cookies and _from_elsewhere():
            return bare("again", 200)
        g.keys = self.passwords.keys()
        g.visitor = self._visitor()
        if request.method not in SAFE_METHODS:
            self._check_change(view)
        if g.visitor.role or view in self.console.open:
            return None
        return self._to_login()

    def leave(self, response: Response) -> Response:
        """What every answer of the console says to the browser."""
        response.headers.update(HEADERS)
        versioned = request.endpoint == "console.static" and "v" in request.args
        response.headers["Cache-Control"] = _FOREVER if versioned else "no-store"
        response.headers["Vary"] = "Cookie, Accept-Language"
        if "new_cookie" in g:
            name, value = g.new_cookie
            self.keep(response, name, value, session.HOURS * 3600)
        if "said_shown" in g:
            self.keep(response, SAID, "")
        return response

    def admit(self, response: Response, visitor: Visitor) -> Response:
        """From now on the browser is this visitor's."""
        self.keep(response, SESSION, session.to_cookie(g.keys, visitor), session.HOURS * 3600)
        return response

    def keep(self, response: Response, name: str, value: str, seconds: int = _YEAR) -> None:
        """Give the browser a cookie; an empty value takes it away."""
        response.set_cookie(name, value, **self._how(seconds if value else 0))

    def address(self) -> str:
        """The client's, behind the proxies that the owner trusts."""
        peer, forwarded = request.remote_addr or "", request.headers.get("X-Forwarded-For", "")
        return client_address(peer, forwarded, self.settings.proxies)

    def _how(self, seconds: int) -> dict[str, Any]:
        secure = self.settings.public_url.startswith("https:")
        return {"max_age": seconds, "path": HOME, "secure": secure, "httponly": True, "samesite": "Strict"}

    def _is_local(self) -> bool:
        return is_local(request.environ.get("REMOTE_ADDR") or "", request.host, request.headers)

    def _visitor(self) -> Visitor:
        """Known by a cookie, or new; without a password everybody on this machine is let in."""
        known = session.from_cookie(g.keys, request.cookies.get(SESSION, ""))
        if known and known.role and not self._is_over(known):
            return known
        if not self.passwords.locked:
            made = session.admitted(session.LOCAL, "edit")
            g.new_cookie = (SESSION, session.to_cookie(g.keys, made))
            return made
        visiting = session.from_cookie(g.keys, request.cookies.get(VISIT, ""))
        if visiting and not visiting.role:
            return visiting
        made = session.stranger()
        g.new_cookie = (VISIT, session.to_cookie(g.keys, made))
        return made

    def _is_over(self, visitor: Visitor) -> bool:
        with self.console.side.store.read() as connection:
            return revoked_sessions.is_over(connection, visitor.id)

    def _check_change(self, view: str) -> None:
        """Raises Forbidden unless a form of this console asks, for somebody who may."""
        request.max_content_length = request.max_form_memory_size = FORM_LIMIT
        if not is_same_origin(request.method, request.host, request.headers, self.settings.public_url):
            raise Forbidden("foreign")
        given = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
        if not session.is_token(g.keys, g.visitor, given):
            raise Forbidden("stale")
        if g.visitor.role == "read" and view not in self.console.harmless:
            raise Forbidden("read")

    def _to_login(self) -> Response:
        if request.headers.get("X-Console") or request.method not in SAFE_METHODS:
            raise Forbidden("stale")
        path = request.full_path.rstrip("?")
        return go(url("login", next=path) if path != HOME else url("login"))


def _from_elsewhere() -> bool:
    """Whether a link on another site led here: the browser then kept the session's cookie to itself."""
    mode, site = request.headers.get("Sec-Fetch-Mode"), request.headers.get("Sec-Fetch-Site")
    return request.method == "GET" and mode == "navigate" and site in ("cross-site", "same-site")


def _language() -> str:
    chosen = request.cookies.get(LANGUAGE, "")
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en") or "en"


def _theme() -> str:
    chosen = request.cookies.get(THEME, "")
    return chosen if chosen in THEMES else "auto"
