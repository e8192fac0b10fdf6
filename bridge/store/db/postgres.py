"""Connections to PostgreSQL, each with a deadline of its own on this side of the wire."""

from __future__ import annotations

import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.pool import NullPool, QueuePool

from bridge.errors import BridgeError
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason

Value = TypeVar("Value")

CONNECT_S = 2
STATEMENT_MS = 5000
ANSWER_S = 8.0
"""A stopped server answers nothing, not even that the statement timed out."""
RECONNECT_S = 1.0

_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


class Patient(psycopg.Connection[Any]):
    """A connection that gives up on a server which does not answer."""

    answer_s = ANSWER_S

    def wait(self, gen: PQGen[Value], interval: float = 0.1, timeout: float | None = None) -> Value:
        try:
            return super().wait(gen, interval, self.answer_s if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(f"PostgreSQL gave no answer within {self.answer_s:g} s") from None


class Leisurely(Patient):
    """For migrations, which may rewrite tables or wait for another process that does."""

    answer_s = 3600.0


def conninfo(url: str) -> str:
    """The URL as libpq reads it, from any spelling of the scheme: `postgres://`, `postgresql+psycopg://`."""
    return f"postgresql://{url.partition('://')[2]}"


def pooled_engine(url: str) -> Engine:
    """For everyday work: connections are tried before use and replaced when the server went away."""
    return _engine(
        lambda: connect(url),
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=8,
        pool_timeout=CONNECT_S,
        pool_pre_ping=True,
        pool_recycle=1800,
    )


def leisurely_engine(url: str) -> Engine:
    return _engine(lambda: connect(url, Leisurely, statement_ms=0), poolclass=NullPool)


def connect(
    url: str, kind: type[Patient] = Patient, statement_ms: int = STATEMENT_MS
) -> psycopg.Connection[Any]:
    """One connection; refused with BridgeError when the server would not keep what it commits."""
    connection = kind.connect(
        conninfo(url),
        connect_timeout=CONNECT_S,
        application_name="leadbridge",
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=2,
        tcp_user_timeout=10_000,
        options=f"-c statement_timeout={statement_ms} -c lock_timeout={statement_ms} -c timezone=UTC",
    )
    _refuse_forgetful(connection)
    return connection


def _refuse_forgetful(connection: psycopg.Connection[Any]) -> None:
    asked = ", ".join(f"current_setting('{name}')" for name in _DURABLE)
    row = connection.execute(f"SELECT {asked}").fetchone() or ()
    connection.rollback()
    off = [name for name, value in zip(_DURABLE, row, strict=True) if value == "off"]
    if off:
        connection.close()
        raise BridgeError(
            Reason(ErrorCode.POSTGRES_FORGETFUL, settings=tuple(f"{name} = off" for name in off)),
            Reason(ErrorCode.SET_DURABLE),
        )


def _engine(creator: Any, **pool: Any) -> Engine:
    return create_engine(make_url("postgresql+psycopg://"), creator=creator, hide_parameters=True, **pool)


class DatabaseListener:
    """Hears NOTIFY on a connection of its own, and makes a new one when that breaks."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._connection: psycopg.Connection[Any] | None = None
        self._try_to_listen()

    def wait(self, timeout: float) -> bool:
        """Until a notification comes or `timeout` seconds pass; without a connection, a short while."""
        if self._connection is None and not self._try_to_listen():
            time.sleep(min(timeout, RECONNECT_S))
            return False
        try:
            heard = list(self._open().notifies(timeout=timeout, stop_after=1))
        except psycopg.Error:
            self.close()
            return False
        return bool(heard)

    def close(self) -> None:
        """Hear no more, until the next `wait`."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = connect(self._url)
            self._connection.autocommit = True
            self._connection.execute(f"LISTEN {self._channel}")
        return self._connection

    def _try_to_listen(self) -> bool:
        try:
            self._open()
        except psycopg.Error:
            self.close()
            return False
        return True
