"""The ASGI application, for any server: `uvicorn bridge.asgi:app`.

`python -m bridge.asgi` is one web process of `leadbridge serve`: it has limits for clients that general
servers lack (`bridge/web/protocol.py`), and accepts connections of the listener that its parent passes.
"""

from __future__ import annotations

import socket
import sys

from bridge import heartbeat, settings
from bridge.assemble.web import web_side
from bridge.commands.show.language import speak
from bridge.commands.show.output import say_error
from bridge.errors import BridgeError
from bridge.inherited import inherited
from bridge.web import process_metrics, server
from bridge.web.app import Parts, WebApp
from bridge.web.console.auth.passwords import hashed
from bridge.web.counting import Counted
from bridge.web.flask_app import Pages, create_app
from bridge.web.meters import Meters
from bridge.web.scrape import Scrape
from bridge.web.webhooks import Webhooks


def build() -> Parts:
    """Open the database, load the mappings and build the process's parts."""
    given = settings.load()
    counted = Counted()
    meters = Meters(counted)
    side = web_side(given, meters.webhook, meters.batch)
    if side.settings.metrics:
        process_metrics.enter(side.settings.metrics, "web")
    flask = create_app(side, hashed(given.console_password, given.console_read_password))
    proxies = side.settings.proxies
    webhooks = Webhooks(side.intake, proxies, trust_local=side.sandboxed)
    return Parts(side, webhooks, Pages(flask, proxies), Scrape(side, counted))


app = WebApp(build)


def main() -> int:
    """Serve until a signal; returns the exit code."""
    heartbeat.begin()
    given, listener = settings.load(), inherited().listener
    try:
        return server.run(app, given, None if listener is None else socket.socket(fileno=listener))
    except BridgeError as error:
        speak(given.language)
        say_error(error)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
