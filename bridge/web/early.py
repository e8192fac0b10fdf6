"""Configuration of gunicorn where it starts before its time: ready, it waits for its input to end.

Only then comes `server`, which looks at the database.
"""

from __future__ import annotations

from bridge.web import patched  # isort: skip

import sys

from bridge.assemble import web
from bridge.web import app

PRELOADED = (patched, web, app)
sys.stdin.read()

from bridge.web.server import *  # noqa: E402, F403
