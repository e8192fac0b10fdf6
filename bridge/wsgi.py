"""The WSGI application, for any server: `gunicorn bridge.wsgi:app`."""

from __future__ import annotations

from bridge import settings
from bridge.assemble.web import web_side
from bridge.web import process_metrics
from bridge.web.app import create_app
from bridge.web.console.auth.passwords import hashed
from bridge.web.counting import Counted
from bridge.web.meters import Meters

counted = Counted()
meters = Meters(counted)
given = settings.load()
side = web_side(given, meters.webhook, meters.batch)
if side.settings.metrics:
    process_metrics.enter(side.settings.metrics, "web")
app = create_app(side, counted, hashed(given.console_password, given.console_read_password))
del given
