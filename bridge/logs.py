"""Log lines for people or machines: one line per fact, values escaped, no payloads."""

from __future__ import annotations

import json
import logging
import logging.config
import time
import traceback
from collections.abc import Callable
from typing import Any


def set_up(form: str) -> None:
    """Send every log line to stderr as `text` or `json`."""
    logging.config.dictConfig(configuration(form))


def configuration(form: str) -> dict[str, Any]:
    """The same for programs that set up logging themselves, such as gunicorn."""
    quiet = {"level": "WARNING"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JsonLines if form == "json" else TextLines}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
        "loggers": {
            # Below this level urllib3 writes request paths, and the token is in the path.
            "urllib3": quiet,
            "alembic": quiet,
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": False},
        },
    }


class TextLines(logging.Formatter):
    """`2026-05-10 14:27:54 INFO  dispatch.worker: 12 calls claimed`, in UTC."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        at = self.formatTime(record, "%Y-%m-%d %H:%M:%S")
        name = record.name.removeprefix("bridge.")
        return f"{at} {record.levelname:<7} {name}: {_one_line(_told(record, self))}"


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, from, message."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "from": record.name.removeprefix("bridge."),
            "message": _told(record, self),
        }
        return json.dumps(line, ensure_ascii=False)


def _told(record: logging.LogRecord, formatter: logging.Formatter) -> str:
    message = record.getMessage()
    if record.exc_info:
        message = f"{message}\n{formatter.formatException(record.exc_info)}"
    return message


def trace(error: BaseException) -> str:
    """Where an error came from, without its text: that may quote what was sent, a token in a URL too."""
    return f"{''.join(traceback.format_tb(error.__traceback__))}{type(error).__name__}"


def _one_line(text: str) -> str:
    """Control characters spelled out, so that no value can forge a line."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


class Sparing:
    """Logs through `say` what may happen thousands of times a second: of each kind one line in a while.

    The next line tells how many were left out. `every` is in seconds.
    """

    def __init__(
        self, say: Callable[..., None], every: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._every = every
        self._clock = clock
        self._last: dict[str, tuple[float, int]] = {}

    def __call__(self, kind: str, text: str) -> None:
        """Log the text, unless one of its kind was logged just now. Kinds must be few."""
        now = self._clock()
        at, left_out = self._last.get(kind, (float("-inf"), 0))
        if now - at < self._every:
            self._last[kind] = (at, left_out + 1)
            return
        self._last[kind] = (now, 0)
        self._say("%s", f"{text} ({left_out} more like this before)" if left_out else text)
