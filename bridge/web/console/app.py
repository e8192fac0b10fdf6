"""The console as Flask serves it: guarded, its pages registered, its errors in plain words."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, g, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException, NotFound

from bridge.assemble.web import WebSide
from bridge.errors import BridgeError, DatabaseLost, StoreUnavailable
from bridge.text.catalogue import LANGUAGES
from bridge.web.console.auth import login_views
from bridge.web.console.auth.guard import THEMES, Guard
from bridge.web.console.auth.passwords import Hashes, Passwords
from bridge.web.console.pages import PAGES
from bridge.web.console.routes import Console
from bridge.web.console.view import rendering
from bridge.web.console.view.rendering import bare, said

log = logging.getLogger(__name__)


def blueprint(side: WebSide, passwords: Hashes) -> Blueprint:
    """Every page under `/console/`."""
    pages = Blueprint(
        "console",
        __name__,
        url_prefix="/console",
        template_folder="../templates",
        static_folder="../static",
        static_url_path="/static",
    )
    console = Console(side, pages)
    guard = Guard(console, Passwords(side.store, passwords))
    for register in (login_views.register, *PAGES):
        register(console)
    pages.add_url_rule("/<path:path>", "nowhere", _nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    pages.before_request(guard.enter)
    pages.after_request(guard.leave)
    pages.context_processor(lambda: _context(console))
    pages.record_once(_install)
    for fault in (HTTPException, StoreUnavailable, BridgeError, Exception):
        pages.register_error_handler(fault, _trouble)
    return pages


def _install(state: BlueprintSetupState) -> None:
    rendering.install(state.app.jinja_env)


def _context(console: Console) -> dict[str, object]:
    """What every template finds."""
    return {
        "visitor": g.visitor,
        "places": console.places,
        "place": g.place,
        "theme": g.theme,
        "themes": THEMES,
        "language": g.speech.language,
        "languages": LANGUAGES,
        "here": request.full_path.rstrip("?"),
        "csrf": rendering.csrf,
        "locked": g.guard.passwords.locked,
        "sandboxed": console.side.sandboxed,
    }


def _nowhere(path: str) -> Response:
    raise NotFound(path)


def _trouble(error: Exception) -> Response:
    """A page that says what is wrong and what to do."""
    if isinstance(error, HTTPException):
        status, known = error.code or 500, {400, 403, 404, 405, 413, 415}
        kind = str(status) if status in known else "400"
        if isinstance(error.description, str) and error.description in ("foreign", "stale", "read"):
            kind = error.description
        return bare("trouble", status, kind=kind, message="", hint="")
    if isinstance(error, DatabaseLost):
        return bare("trouble", 503, kind="lost", message="", hint=said(error.reason))
    if isinstance(error, StoreUnavailable):
        log.warning("the console has no answer: %s", error.message)
        return bare("trouble", 503, kind="503", message="", hint="")
    if isinstance(error, BridgeError):
        return bare("trouble", 409, kind="409", message=said(error.reason), hint=said(error.cure))
    log.error("a page of the console failed", exc_info=error)
    return bare("trouble", 500, kind="500", message="", hint="")
