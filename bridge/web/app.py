"""The Flask application."""

from __future__ import annotations

from flask import Flask

from bridge.assemble.web import WebSide
from bridge.web import health, hooks

BODY_LIMIT = 1 << 20
"""Bytes of a webhook's body; counted while reading, chunked bodies too."""


def create_app(side: WebSide) -> Flask:
    """Everything that is served over HTTP, on top of what `assemble` made."""
    app = Flask("bridge.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    # A redirect would make senders drop or unsubscribe: paths mean what they say.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.extensions["leadbridge"] = side
    app.register_blueprint(hooks.blueprint(side.intake, side.settings.proxies, trust_local=side.sandboxed))
    app.register_blueprint(health.blueprint(side.lookout))
    return app
