"""The WSGI application, for any server: `gunicorn bridge.wsgi:app`."""

from __future__ import annotations

from bridge import settings
from bridge.assemble.web import web_side
from bridge.web.app import create_app

app = create_app(web_side(settings.load()))
