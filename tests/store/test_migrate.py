from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from bridge.errors import StoreUnavailable
from bridge.reasons.actions import ActionCode
from bridge.reasons.reason import Reason, recorded
from bridge.reasons.stored import from_text
from bridge.reasons.webhooks import WebhookCode
from bridge.store.db import tables
from bridge.store.db.engine import Store, open_store
from bridge.store.db.ids import take_ids
from bridge.store.db.indexes import SCHEMA
from bridge.store.db.migrate import upgrade
from bridge.store.db.postgres import conninfo
from bridge.store.migrations import versions
from bridge.store.queue import accounts, recipient_order
from bridge.store.reports import audit, counters, trends
from bridge.store.reports.pagination import Page
from tests.conftest import Clock
from tests.store.given import NOW, claim, owe, rows, sale, start, take_in
from tests.support.postgres import Postgres

NEWEST = max(path.name[1:5] for path in Path(versions.__path__[0]).glob("r*.py"))


def schema_on_sqlite(connection: Connection) -> dict[str, str]:
    """Every statement that made the schema, in one spelling."""
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: constraints_sorted(sql) for name, sql in rows if name != "alembic_version"}


def constraints_sorted(sql: str) -> str:
    # A column that was added later stands behind a comma on the line of the one before it.
    split = sql.replace(", ", ",\n").splitlines()
    lines = [re.sub(r"[\s\"]+", " ", line).strip().rstrip(",") for line in split]
    return "\n".join(sorted(line for line in lines if line))


def schema_on_postgres(connection: Connection) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, sql in (
        (
            "columns",
            "SELECT table_name, column_name, data_type, is_nullable, column_default "
            "FROM information_schema.columns WHERE table_schema = 'public'",
        ),
        ("indexes", "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"),
        (
            "constraints",
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace",
        ),
        (
            "triggers",
            "SELECT 'calls', pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        ),
        ("sequences", "SELECT 'sequence', sequencename, data_type::text FROM pg_sequences"),
    ):
        rows = connection.exec_driver_sql(sql)
        found[name] = sorted(str(tuple(row)) for row in rows if row[0] != "alembic_version")
    return found


def test_the_migrations_make_the_tables_that_the_program_means_on_sqlite(sqlite_store: Store) -> None:
    meant = create_engine("sqlite://")
    with meant.begin() as connection:
        SCHEMA.create_all(connection)
        expected = schema_on_sqlite(connection)
    meant.dispose()
    with sqlite_store.read() as connection:
        assert schema_on_sqlite(connection) == expected


def test_the_migrations_make_the_tables_that_the_program_means_on_postgres(
    postgres: Postgres, postgres_template: str
) -> None:
    name = postgres.create()
    meant = create_engine(conninfo(postgres.url(name)).replace("postgresql:", "postgresql+psycopg:"))
    migrated = open_store(postgres.url(postgres.create(postgres_template)))
    with meant.begin() as connection, migrated.read() as other:
        SCHEMA.create_all(connection)
        expected = schema_on_postgres(connection)
        found = schema_on_postgres(other)
    meant.dispose()
    migrated.close()
    assert found == expected


def test_an_upgraded_store_is_ready(store: Store) -> None:
    store.check()
    assert rows(store, "SELECT version_num FROM alembic_version") == [(NEWEST,)]


def test_migrating_twice_changes_nothing(store: Store) -> None:
    before = schema_of(store)
    store.migrate()
    store.check()
    assert schema_of(store) == before


def schema_of(store: Store) -> dict[str, Any]:
    with store.read() as connection:
        return schema_on_sqlite(connection) if store.embedded else schema_on_postgres(connection)


def empty_urls(tmp_path: Path, postgres: Postgres) -> list[str]:
    return [f"sqlite:///{tmp_path / 'deep' / 'new.db'}", postgres.url(postgres.create())]


@pytest.mark.parametrize("which", [0, 1], ids=["sqlite", "postgres"])
def test_four_processes_may_migrate_at_once(which: int, tmp_path: Path, postgres: Postgres) -> None:
    url = empty_urls(tmp_path, postgres)[which]
    program = "import sys; from bridge.store.db.engine import open_store; open_store(sys.argv[1]).migrate()"
    racing = [
        subprocess.Popen([sys.executable, "-c", program, url], stderr=subprocess.PIPE) for _ in range(4)
    ]
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in racing]
    assert ends == [(b"", 0)] * 4
    store = open_store(url)
    store.check()
    store.close()


@pytest.mark.parametrize("which", [0, 1], ids=["sqlite", "postgres"])
def test_a_database_without_tables_is_named_as_such(
    which: int, tmp_path: Path, postgres: Postgres, clock: Clock
) -> None:
    store = open_store(empty_urls(tmp_path, postgres)[which], clock=clock)
    with store.transaction():
        pass
    with pytest.raises(StoreUnavailable) as caught:
        store.check()
    assert caught.value.message == f"the database is at revision none, expected {NEWEST}"
    assert caught.value.hint == "run: leadbridge migrate"
    store.close()


def test_a_database_of_a_newer_version_is_left_alone_and_named_as_such(store: Store) -> None:
    with store.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for work in (store.check, store.migrate):
        with pytest.raises(StoreUnavailable) as caught:
            work()
        assert caught.value.message == f"the database is at revision 9999, expected {NEWEST}"
        assert "a newer version of leadbridge has upgraded it" in (caught.value.hint or "")


def test_writing_before_migrating_is_answered_as_unavailable(store: Store) -> None:
    with store.transaction() as connection:
        for table in inspect(connection).get_table_names():
            connection.exec_driver_sql(f'DROP TABLE "{table}"')
    with pytest.raises(StoreUnavailable), store.transaction() as connection:
        connection.exec_driver_sql("SELECT * FROM events")


def test_the_ids_of_the_version_before_get_their_events_type(database_url: str, clock: Clock) -> None:
    store = open_store(database_url, clock=clock)
    long = "т" * 200
    with store.transaction() as connection:
        for table in inspect(connection).get_table_names():
            connection.exec_driver_sql(f'DROP TABLE "{table}"')
        if not store.embedded:
            for name in tables.IDS:
                connection.exec_driver_sql(f"DROP SEQUENCE {name}_ids")
        upgrade(connection, "0005")
        for number, kind in ((1, "created"), (2, long)):
            connection.exec_driver_sql(
                "INSERT INTO events (id, delivery, source, key, type, received_at, client, verified, method, "
                "result, error, rules_version, verdicts, failures) VALUES "
                f"({number}, {number}, 'shop', 'o{number}', '{kind}', 1, '', '', 'POST', 'matched', '', '', "
                "'[]', '[]')"
            )
        connection.exec_driver_sql(
            "INSERT INTO dedup (source, key, event_id, expires_at) VALUES "
            f"('shop', 'o1', 1, {clock.ms + 1}), ('shop', 'o2', 2, {clock.ms + 1}), ('shop', 'gone', 9, 5)"
        )
        upgrade(connection)
    assert rows(store, "SELECT key, content, event_id, expires_at FROM dedup ORDER BY event_id") == [
        ("o1", "", 1, clock.ms + 1),
        ("o2", "", 2, clock.ms + 1),
        ("gone", "", 9, 5),
    ]
    again = [
        take_in(store, sale(f"o{number}", start(), type=kind)) for number, kind in ((1, "created"), (2, long))
    ]
    assert [one.duplicate for ((one,),) in again] == [True, True]
    assert take_in(store, sale("o1", start(), type="paid"))[0][0].duplicate is False
    store.close()


OLD_ATTEMPTS = {
    ("uncertain", 502, "complete", "answered 502: LeadConverter failed; it may have run"): "http_502",
    ("uncertain", 500, "reading", "answered 500, but the connection was reset; it may have run"): "http_500",
    ("uncertain", 200, "complete", "answered 200 with an HTML page instead of the API's answer"): "html",
    ("uncertain", 200, "reading", "probably done: answered 200, but the connection was reset"): "cut",
    ("uncertain", 200, "complete", "answered 200 with unreadable content"): "unreadable",
    ("uncertain", None, "", "the process that sent it stopped or lost its lease: it may have run"): "died",
    ("uncertain", None, "sending", "a fault in the bridge itself (KeyError); it may have run"): "internal",
    (
        "uncertain",
        None,
        "waiting",
        "all 300 bytes were sent, then no answer came; it may have run",
    ): "recorded",
    ("retry", 502, "complete", "answered 502: LeadConverter failed"): "",
    ("done", 200, "complete", "answered 200"): "",
}


@pytest.mark.parametrize("which", [0, 1], ids=["sqlite", "postgres"])
def test_old_attempts_and_calls_get_the_cause_that_is_sure(
    which: int, tmp_path: Path, postgres: Postgres
) -> None:
    (tmp_path / "deep").mkdir()
    store = open_store(empty_urls(tmp_path, postgres)[which])
    with store.migrating.begin() as connection:
        upgrade(connection, "0006")
        for number, (outcome, status, phase, reason) in enumerate(OLD_ATTEMPTS, start=1):
            doubted = outcome == "uncertain"
            old(connection, "calls", id=number, event_id=number, had_uncertain=doubted, state="done")
            old(connection, "attempts", call_id=number, number=1, outcome=outcome, status=status, phase=phase,
                reason=reason)  # fmt: skip
        old(connection, "calls", id=99, event_id=99, had_uncertain=True, state="uncertain")
    store.migrate()
    with store.read() as connection:
        attempts = connection.exec_driver_sql("SELECT cause FROM attempts ORDER BY call_id").scalars().all()
        calls = connection.exec_driver_sql("SELECT cause FROM calls ORDER BY id").scalars().all()
    store.close()
    assert attempts == [*OLD_ATTEMPTS.values()]
    assert calls == [*OLD_ATTEMPTS.values(), "recorded"]


SENTENCE = 'it said "Ж\\" and\nnothing'
RECORDED = recorded(SENTENCE)
VERIFIED = {
    "open": Reason(WebhookCode.BY_NOTHING),
    "hmac sha256 or sha1": Reason(WebhookCode.BY_HMAC, algorithms=("sha256", "sha1")),
    "token in header X-Token or X-Other + ip": Reason(
        WebhookCode.BY_ALL,
        proofs=(
            Reason(
                WebhookCode.BY_TOKEN, place=Reason(WebhookCode.PLACE_HEADER, names=("X-Token", "X-Other"))
            ),
            Reason(WebhookCode.BY_IP),
        ),
    ),
    "token in $.auth.token": Reason(WebhookCode.BY_TOKEN, place="$.auth.token"),
    "token in field auth": Reason(WebhookCode.BY_TOKEN, place=Reason(WebhookCode.PLACE_FORM, name="auth")),
    "jwt RS256": Reason(WebhookCode.BY_JWT, algorithm="RS256"),
    "the stars": recorded("the stars"),
}
"""How senders were verified, in the words of 0009 and as data."""


@pytest.mark.parametrize("which", [0, 1], ids=["sqlite", "postgres"])
def test_old_sentences_are_recorded_and_old_decisions_are_codes(
    which: int, tmp_path: Path, postgres: Postgres
) -> None:
    (tmp_path / "deep").mkdir()
    store = open_store(empty_urls(tmp_path, postgres)[which])
    with store.migrating.begin() as connection:
        upgrade(connection, "0009")
        old(connection, "calls", id=1, event_id=1, state="refused", had_uncertain=False, reason=SENTENCE)
        old(connection, "calls", id=2, event_id=2, state="queued", had_uncertain=False)
        old(connection, "attempts", call_id=1, number=1, outcome="refused", reason=SENTENCE)
        old(connection, "events", id=90, result="unreadable", error=SENTENCE)
        old(connection, "events", id=91, result="ignored", error="ping", verified="ping")
        for number, words in enumerate(VERIFIED):
            old(connection, "events", id=number, result="matched", verified=words)
        old(connection, "refusals", id=1, detail=SENTENCE, body=b"")
        old(connection, "alerts", name="failing", detail=SENTENCE)
        old(connection, "actions", id=1, who="ann", what="resolve as done", why=SENTENCE)
        old(connection, "actions", id=2, who="the bridge", what="send again as call 7", why=SENTENCE)
        old(connection, "accounts", name="a", paused_at=5, paused_by="the bridge", paused_reason=SENTENCE)
        old(connection, "accounts", name="b", paused_at=5, paused_by="ann", paused_reason=SENTENCE)
    store.migrate()
    with store.read() as connection:

        def column(table: str, name: str) -> list[Reason | None]:
            query = f"SELECT {name} FROM {table} ORDER BY 1"
            return [from_text(one) for one in connection.exec_driver_sql(query).scalars()]

        kept = [column(*at) for at in (("attempts", "reason"), ("refusals", "detail"), ("alerts", "detail"))]
        reasons, errors = column("calls", "reason"), column("events", "error")
        query = "SELECT verified FROM events WHERE id < 90 ORDER BY id"
        verified = [from_text(one) for one in connection.exec_driver_sql(query).scalars()]
        decided = audit.page_of_actions(connection, Page(limit=9)).items
        paused = accounts.all_states(connection)
    store.close()
    assert kept == [[RECORDED]] * 3
    assert set(reasons) == {None, RECORDED}
    assert set(errors) == {None, RECORDED, Reason(WebhookCode.PING)}
    assert verified == [*VERIFIED.values()]
    assert [(one.what, one.why) for one in decided] == [
        (recorded("send again as call 7"), RECORDED),
        (Reason(ActionCode.RESOLVE_DONE), SENTENCE),
    ]
    assert (paused["a"].paused_reason, paused["b"].paused_reason) == (RECORDED, SENTENCE)


@pytest.mark.parametrize("which", [0, 1], ids=["sqlite", "postgres"])
def test_old_calls_keep_their_order_and_live_ones_are_counted_as_such(
    which: int, tmp_path: Path, postgres: Postgres
) -> None:
    (tmp_path / "deep").mkdir()
    store = open_store(empty_urls(tmp_path, postgres)[which])
    with store.migrating.begin() as connection:
        upgrade(connection, "0010")
        old(connection, "calls", id=3, event_id=1, state="queued", had_uncertain=False)
        old(connection, "calls", id=7, event_id=2, state="done", had_uncertain=False)
        old(connection, "tallies", kind="call:waiting", source="shop", name="main", many=1)
    store.migrate()
    with store.read() as connection:
        query = "SELECT id, place, errand, put_off_until, cancelled_by FROM calls ORDER BY id"
        found = [tuple(row) for row in connection.exec_driver_sql(query)]
        kinds = connection.exec_driver_sql("SELECT kind, many FROM tallies").all()
    store.close()
    assert found == [(3, 3, "", 0, 0), (7, 7, "", 0, 0)]
    assert [tuple(row) for row in kinds] == [("call:waiting", 1)]


BEFORE_PLACE = (
    "id, event_id, source, rule, item, parent, account, recipient, request, order_mode, on_uncertain, state, "
    "attempt, answered, resends, had_uncertain, owner, created_at, due_at, expires_at, lease_until, sent_at, "
    "settled_at, holds_until, held_by, held_until, reason, cause"
)
"""The columns of a call that the version before 0011 inserts."""


def test_calls_that_the_version_before_inserts_do_not_overtake_others(store: Store) -> None:
    owe(store, start(7), start(7, rule="another"))
    assert claim(store)[0].id == 1
    assert claim(store) == []
    with store.transaction() as connection:
        (number,) = take_ids(connection, "calls", 1)
        connection.exec_driver_sql(
            f"INSERT INTO calls ({BEFORE_PLACE}) "
            f"SELECT {BEFORE_PLACE.replace('id, ', f'{number}, ', 1).replace('rule', repr('old'), 1)} "
            "FROM calls WHERE id = 2"
        )
        counters.add(connection, NOW, {counters.Key("call:waiting", "shop", "main"): 1})
        connection.exec_driver_sql("UPDATE calls SET state = 'done' WHERE id = 1")
        recipient_order.release_next(connection, [("main", "subscriber:7")])
    assert rows(store, "SELECT id, place FROM calls ORDER BY id") == [(1, 1), (2, 2), (number, number)]
    assert [call.id for call in claim(store)] == [2]
    with store.read() as connection:
        assert (trends.live(connection), trends.waiting(connection)) == (3, {})


@pytest.mark.parametrize("which", [0, 1], ids=["sqlite", "postgres"])
def test_counters_of_an_earlier_0011_get_their_names_back(
    which: int, tmp_path: Path, postgres: Postgres
) -> None:
    (tmp_path / "deep").mkdir()
    store = open_store(empty_urls(tmp_path, postgres)[which])
    with store.migrating.begin() as connection:
        upgrade(connection, "0011")
        for many, kind in enumerate(("call:waiting", "call:live", "call:done"), start=1):
            old(connection, "tallies", kind=kind, source="shop", name="main", many=many)
    store.migrate()
    assert set(rows(store, "SELECT kind, many FROM tallies")) == {
        ("call:later", 1),
        ("call:waiting", 2),
        ("call:done", 3),
    }
    store.close()


def old(connection: Connection, table: str, **values: Any) -> None:
    """A row with these values, and something that fits in every other column."""
    fit: dict[str, Any] = {"order_mode": "relaxed", "recipient": f"subscriber:{values.get('id')}"}
    row = {}
    for column in inspect(connection).get_columns(table):
        name = column["name"]
        other = "" if column["type"].python_type is str else None if column["nullable"] else 0
        row[name] = values.get(name, fit.get(name, other))
    names = ", ".join(row)
    connection.execute(
        text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{one}' for one in row)})"), row
    )
