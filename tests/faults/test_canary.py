"""A token that can be recognised goes through thousands of faulty attempts, and is found nowhere after."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random
from urllib.parse import quote

import pytest

from bridge.dispatch import maintenance
from bridge.store.db.engine import Store, open_store
from bridge.store.db.tables import metadata
from bridge.store.queue import accounts
from tests.faults.amounts import amount
from tests.faults.echo import ANSWERS, EchoingApi, escaped
from tests.faults.site import Site, site
from tests.store.given import rows, sale, start, take_in
from tests.support.waiting import eventually

ATTEMPTS = amount("ATTEMPTS", 200)
HEAD, TAIL = "cNry7Kq2", "Zx9Qw4e5"
CANARY = f"{HEAD}+/=Ж&{TAIL}"
TRACES = (HEAD[:6], TAIL, escaped(HEAD[:6]), escaped(TAIL))
"""Letters and digits are spelled the same by URLs and HTML, whatever becomes of what stands between them."""
ACCOUNTS = "accounts: {main: {token: '${LEADCONVERTER_TOKEN}', rate: 2000/s, burst: 500}}"
PAGES = ("/readyz", "/healthz", "/metrics")
LOOKS = ("calls --json --limit 1000", "doctor")


@pytest.fixture
def api() -> Iterator[EchoingApi]:
    with EchoingApi() as made:
        threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
        yield made
        made.shutdown()


def test_a_token_is_found_nowhere_after_thousands_of_faulty_attempts(
    tmp_path: Path, database_url: str, api: EchoingApi
) -> None:
    store = open_store(database_url)
    take_in(store, *[sale(f"w{number}", start(number)) for number in range(1, 2 * ATTEMPTS)])
    with site(tmp_path, database_url, api.url, dispatchers=1, LEADCONVERTER_TOKEN=CANARY) as bridge:
        (bridge.install.mappings / "accounts.yml").write_text(ACCOUNTS)
        bridge.open()
        assert eventually(lambda: tried(store) >= ATTEMPTS, seconds=60 + ATTEMPTS / 10)
        said = shown(bridge, store)
    said += ["\n".join(stored(store)), bridge.install.read_log(), bytes_of(tmp_path)]
    kinds = dict(rows(store, "SELECT outcome, count(*) FROM attempts GROUP BY outcome"))
    store.close()
    print(f"\n{kinds}: {sum(map(len, said))} characters searched, {api.asked} requests")
    assert {trace for text in said for trace in traces(text)} == set()
    assert sum(kinds.values()) >= ATTEMPTS
    assert kinds.keys() == {"done", "refused", "retry", "pause", "uncertain"}


def test_the_search_finds_the_token_in_every_answer_that_repeats_it() -> None:
    url = f"/api/v1/{quote(CANARY, safe='')}/bot.startWithVariables"
    answers = [answer(url, Random(1)).decode() for answer in ANSWERS]
    assert [bool(traces(text)) for text in answers] == [bool(text) for text in answers]


def traces(text: str) -> set[str]:
    """What of the canary a text holds, also where its backslashes were escaped once more."""
    plain = text.replace("\\\\", "\\")
    return {trace for trace in TRACES if trace in text or trace in plain}


def tried(store: Store) -> int:
    """Attempts so far. The owner lets the account go on, whatever paused it or opened its breaker."""
    with store.transaction() as connection:
        now = store.now(connection)
        accounts.pause(connection, now, "main", who="anna", why="a test")
        maintenance.resume(connection, now, "main", who="anna", why="a test")
    return int(rows(store, "SELECT count(*) FROM attempts")[0][0])


def shown(bridge: Site, store: Store) -> list[str]:
    """All that pages and commands say."""
    event = rows(store, "SELECT event_id FROM calls WHERE state = 'uncertain' LIMIT 1")[0][0]
    said = [bridge.install.get(page).body.decode() for page in PAGES]
    for words in (*LOOKS, f"explain {event}"):
        command = bridge.install.command(*words.split())
        assert command.stdout
        assert command.returncode in (0, 1), command.stderr
        said += [command.stdout, command.stderr]
    return said


def stored(store: Store) -> Iterator[str]:
    """Every value of every table."""
    for table in metadata.sorted_tables:
        for row in rows(store, f"SELECT * FROM {table.name}"):
            for value in row:
                yield value.decode("latin-1") if isinstance(value, bytes) else str(value)


def bytes_of(folder: Path) -> str:
    """The database's own files, where it has any: what was deleted may still stand in them."""
    return "".join(
        path.read_bytes().decode("latin-1") for path in folder.glob("bridge.db*") if path.is_file()
    )
