"""Connections to PostgreSQL with a timeout on the client's side."""

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
"""Client's timeout: a server that hangs does not even report that the statement timed out."""
RECONNECT_S = 1.0

_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


class TimedConnection(psycopg.Connection[Any]):
    """A connection that times out if the server does not answer."""

    answer_s = ANSWER_S

    def wait(self, gen: PQGen[Value], interval: float = 0.1, timeout: float | None = None) -> Value:
        try:
            return super().wait(gen, interval, self.answer_s if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(f"PostgreSQL gave no answer within {self.answer_s:g} s") from None


class MigrationConnection(TimedConnection):
    """A connection with a long timeout: a migration may rewrite tables, or wait for another process's."""

    answer_s = 3600.0


def conninfo(url: str) -> str:
    """The URL in libpq's form, from any spelling of the scheme: `postgres://`, `postgresql+psycopg://`."""
    return f"postgresql://{url.partition('://')[2]}"


def pooled_engine(url: str) -> Engine:
    """A pool whose connections are tested before use, and replaced if the server has closed them."""
    return _engine(
        lambda: connect(url),
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=8,
        pool_timeout=CONNECT_S,
        pool_pre_ping=True,
        pool_recycle=1800,
    )


def migration_engine(url: str) -> Engine:
    return _engine(lambda: connect(url, MigrationConnection, statement_ms=0), poolclass=NullPool)


def connect(
    url: str, kind: type[TimedConnection] = TimedConnection, statement_ms: int = STATEMENT_MS
) -> psycopg.Connection[Any]:
    """Open one connection; raises BridgeError if the server's settings make commits not durable."""
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
    _require_durable(connection)
    return connection


def _require_durable(connection: psycopg.Connection[Any]) -> None:
    settings = ", ".join(f"current_setting('{name}')" for name in _DURABLE)
    row = connection.execute(f"SELECT {settings}").fetchone() or ()
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
    """Listens for NOTIFY on a separate connection, and reconnects when it breaks."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._connection: psycopg.Connection[Any] | None = None
        self._try_to_listen()

    def wait(self, timeout: float) -> bool:
        """Wait for a notification, at most `timeout` seconds; without a connection, at most one second."""
        if self._connection is None and not self._try_to_listen():
            time.sleep(min(timeout, RECONNECT_S))
            return False
        try:
            notifications = list(self._open().notifies(timeout=timeout, stop_after=1))
        except psycopg.Error:
            self.close()
            return False
        return bool(notifications)

    def close(self) -> None:
        """Close the connection; the next `wait` opens a new one."""
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
