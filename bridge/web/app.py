"""The Flask application."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, request

from bridge.assemble.web import WebSide
from bridge.logs import trace
from bridge.web import health, scrape, webhooks
from bridge.web.console.app import blueprint as console
from bridge.web.console.auth.passwords import Hashes
from bridge.web.counting import Counted

log = logging.getLogger(__name__)


class App(Flask):
    """Flask, which would write the target of a request that failed into the log."""

    def log_exception(self, exc_info: Any) -> None:
        """A line by the name of the page."""
        log.error("a fault in the bridge itself, at the page %s\n%s", request.endpoint, trace(exc_info[1]))


def create_app(side: WebSide, counted: Counted, passwords: Hashes) -> Flask:
    """Everything that is served over HTTP, on top of what `assemble` made."""
    app = App("bridge.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = webhooks.BODY_LIMIT
    # A redirect would make senders drop or unsubscribe: paths mean what they say.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.extensions["leadbridge"] = side
    app.register_blueprint(scrape.blueprint(side, counted))
    app.register_blueprint(health.blueprint(side.readiness.facts))
    app.register_blueprint(console(side, passwords))
    door = webhooks.WebhookApp(app.wsgi_app, side.intake, side.settings.proxies, trust_local=side.sandboxed)
    app.wsgi_app = door  # type: ignore[method-assign]  # as Flask's documentation has it
    return app
