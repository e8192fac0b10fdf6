"""Configuration of gunicorn where it starts before its time: once ready, it waits for its input to end."""

from __future__ import annotations

import sys

from bridge.web.server import *  # noqa: F403

sys.stdin.read()
