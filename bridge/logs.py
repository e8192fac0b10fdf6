"""Formats log lines as text or JSON: one line per record, values escaped, no payloads."""

from __future__ import annotations

import json
import logging
import logging.config
import time
import traceback
from collections.abc import Callable
from typing import Any


def set_up(form: str) -> None:
    """Set up logging: every line goes to stderr as `text` or `json`."""
    quiet = {"level": "WARNING"}
    configuration: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JsonLines if form == "json" else TextLines}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
        # Below this level urllib3 logs request paths, which contain the token.
        "loggers": {"urllib3": quiet, "alembic": quiet, "uvicorn": quiet},
    }
    logging.config.dictConfig(configuration)


class TextLines(logging.Formatter):
    """`2026-05-10 14:27:54 INFO  dispatch.worker: 12 calls claimed`, in UTC."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        at = self.formatTime(record, "%Y-%m-%d %H:%M:%S")
        name = record.name.removeprefix("bridge.")
        return f"{at} {record.levelname:<7} {name}: {_one_line(_message(record, self))}"


class JsonLines(logging.Formatter):
    """One JSON object per line: at, level, from, message."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "from": record.name.removeprefix("bridge."),
            "message": _message(record, self),
        }
        return json.dumps(line, ensure_ascii=False)


def _message(record: logging.LogRecord, formatter: logging.Formatter) -> str:
    message = record.getMessage()
    if record.exc_info:
        message = f"{message}\n{formatter.formatException(record.exc_info)}"
    return message


def trace(error: BaseException) -> str:
    """The traceback of an error without its message, which may contain data such as a token in a URL."""
    return f"{''.join(traceback.format_tb(error.__traceback__))}{type(error).__name__}"


def _one_line(text: str) -> str:
    """The text with control characters escaped, so that no value can forge a line."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


class RateLimitedLog:
    """Limits log lines that may occur thousands of times per second: one of each kind per interval.

    The next line has the number of lines left out. `every` is the interval in seconds.
    """

    def __init__(
        self, log: Callable[..., None], every: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._every = every
        self._clock = clock
        self._last: dict[str, tuple[float, int]] = {}

    def __call__(self, kind: str, text: str) -> None:
        """Log the text, unless one of its kind was logged within the interval. Use few kinds."""
        now = self._clock()
        at, left_out = self._last.get(kind, (float("-inf"), 0))
        if now - at < self._every:
            self._last[kind] = (at, left_out + 1)
            return
        self._last[kind] = (now, 0)
        self._log("%s", f"{text} ({left_out} more like this before)" if left_out else text)
