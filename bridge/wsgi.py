"""The WSGI application, for any server: `gunicorn bridge.wsgi:app`."""

from __future__ import annotations

from bridge import settings
from bridge.assemble.web import web_side
from bridge.web import family
from bridge.web.app import create_app
from bridge.web.console.keyring import hashed
from bridge.web.counting import Counted
from bridge.web.meters import Meters

counted = Counted()
meters = Meters(counted)
given = settings.load()
side = web_side(given, meters.webhook, meters.batch)
if side.settings.metrics:
    family.enter(side.settings.metrics, "web")
app = create_app(side, counted, hashed(given.console_password, given.console_read_password))
del given
