"""Configuration of gunicorn, which serves the application (`gunicorn -c python:bridge.web.server`)."""

from __future__ import annotations

from bridge import logs, settings

_settings = settings.load()

wsgi_app = "bridge.wsgi:app"
bind = f"{_settings.host}:{_settings.port}"
workers = _settings.workers
# Greenlets: hundreds of idle, half-open or dripping connections cost honest senders nothing.
worker_class = "gevent"
worker_connections = 1000
keepalive = 75
timeout = 30
graceful_timeout = 20
control_socket_disable = True
accesslog = None
logconfig_dict = logs.configuration(_settings.log)
