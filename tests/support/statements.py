"""Notes the statements that a store executes."""

from __future__ import annotations

from typing import Any, Self

import pytest
from sqlalchemy import event

from bridge.store.db import driver
from bridge.store.db.engine import Store


class Noting:
    """A driver's connection that notes the statements it runs."""

    def __init__(self, raw: Any, ran: list[str]) -> None:
        self.raw = raw
        self.ran = ran

    def execute(self, sql: str, parameters: Any) -> Any:
        self.ran.append(sql)
        return self.raw.execute(sql, parameters)

    def cursor(self) -> Self:
        return self

    def executemany(self, sql: str, rows: Any) -> Any:
        self.ran.append(sql)
        return self.raw.cursor().executemany(sql, rows)


def noted(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is executed from now on, without the begin and end of transactions; one for all rows of a list."""
    ran: list[str] = []

    def heard(_: Any, __: Any, sql: str, *___: Any) -> None:
        if not sql.startswith("BEGIN"):
            ran.append(sql)

    before = driver.driver_of
    monkeypatch.setattr(driver, "driver_of", lambda connection: Noting(before(connection), ran))
    for engine in {id(one): one for one in (store.writing, store.reading)}.values():
        event.listen(engine, "before_cursor_execute", heard)
    return ran
