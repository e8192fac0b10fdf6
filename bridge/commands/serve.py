"""`leadbridge serve`: the web process."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from bridge.commands.metrics_folder import with_metrics
from bridge.settings import Settings


def serve(settings: Settings, overrides: Mapping[str, str]) -> int:
    """Become gunicorn: a fresh interpreter, since greenlets must be in place before anything is imported."""
    environment = {**settings.process, "PORT": str(settings.port), **overrides}
    os.execve(sys.executable, gunicorn("server"), with_metrics(environment, settings.metrics))


def gunicorn(configuration: str) -> list[str]:
    """The words that start the web process, as this module of `bridge.web` says."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--no-control-socket",
        "-c",
        f"python:bridge.web.{configuration}",
    ]
