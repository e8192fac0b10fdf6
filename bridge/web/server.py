"""Configuration of gunicorn, which serves the application (`gunicorn -c python:bridge.web.server`)."""

from __future__ import annotations

from bridge import logs, settings

_settings = settings.load()
logs.set_up(_settings.log)

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
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "incremental": False,
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True}},
}
