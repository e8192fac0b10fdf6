"""Configuration of gunicorn, which serves the application (`gunicorn -c python:bridge.web.server`)."""

from __future__ import annotations

from bridge.web import patched  # isort: skip

import gc
import resource
from contextlib import closing

from bridge import heartbeat, logs, settings
from bridge.assemble import web
from bridge.errors import BridgeError, StoreUnavailable
from bridge.inherited import inherited
from bridge.reasons.commands import CommandCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import open_store
from bridge.text.render import render
from bridge.web import app

# What every web process needs is imported here, once: they share its memory and start at once.
PRELOADED = (patched, web, app)

heartbeat.begin()
_settings = settings.load().without_passwords()
_CONNECTIONS = 2000
_OTHER_FILES = 200


def _connections() -> int:
    """What one process takes at a time; makes room for as many open files as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return _CONNECTIONS if soft == resource.RLIM_INFINITY else min(_CONNECTIONS, soft - _OTHER_FILES)


def _refuse_forgetful() -> None:
    """End where the database would not keep what it confirms. One that does not answer may come later."""
    try:
        with closing(open_store(_settings.database_url)) as store, store.read():
            pass
    except StoreUnavailable:
        return
    except BridgeError as error:
        lines = [Reason(CommandCode.ERROR, what=error.reason)]
        if error.cure:
            lines.append(Reason(CommandCode.HINT, what=error.cure))
        raise SystemExit("\n".join(render(one, _settings.language) for one in lines)) from error


def _keep_shared(_arbiter: object, _worker: object) -> None:
    """The collector writes into whatever it looks at, which would give each process a copy of its own."""
    gc.collect()
    gc.freeze()


_refuse_forgetful()
wsgi_app = "bridge.wsgi:app"
_listener = inherited().listener
bind = f"{_settings.host}:{_settings.port}" if _listener is None else f"fd://{_listener}"
workers = _settings.workers if _listener is None else 1
# Greenlets: hundreds of idle, half-open or dripping connections cost honest senders nothing.
worker_class = "bridge.web.greenlets.Worker"
worker_connections = _connections()
limit_request_line = 8190
# One parser, ours, though gunicorn's faster one may be installed.
http_parser = "python"
# Who in front says how clients came: one header alone, which cannot contradict another.
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}
timeout = 30
graceful_timeout = 20
control_socket_disable = True
logger_class = "bridge.web.greenlets.Log"
pre_fork = _keep_shared
logconfig_dict = logs.configuration(_settings.log)
