"""What several layers' tests share: a clock that stands still, and an empty store on each database."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store, open_store
from tests.support.postgres import Postgres, running_postgres

if "PYTEST_XDIST_WORKER" in os.environ:
    # Coverage follows into the suite's own processes; in each command that a test starts it would cost more
    # than it tells.
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
# No deadline: a busy machine is no fault of the code. What must be quick is timed where it is tested.
settings.register_profile("quick", deadline=None, max_examples=30)
settings.register_profile("full", deadline=None)
settings.load_profile("full" if os.environ.get("SUITE") == "full" else "quick")


def _unrendered(reason: object, _format: str = "") -> str:
    """In the suite a reason that reaches a text without `bridge.text` is an error."""
    raise TypeError(f"render {reason!r} with bridge.text")


Reason.__str__ = _unrendered  # type: ignore[method-assign]
Reason.__format__ = _unrendered  # type: ignore[method-assign]

LOUD = ("NO BROWSER", "NO AXE", "NO EDITOR", "NO SENDER")
LONG = {"benchmarks", "faults", "simulation", "system", "web"}
THOROUGH = {"benchmarks", "faults"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that drive processes or a browser as `long`: coverage would double their time."""
    for item in items:
        if item.path.parent.name in LONG or "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("long")
        half = item.get_closest_marker("thorough_on_postgres") and "[postgres" in item.name
        if item.path.parent.name in THOROUGH or half:
            item.add_marker("thorough")
    # Files with slow tests first: at the end all workers have something to do.
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was left out for want of a tool is said last, where nobody overlooks it."""
    skipped = {str(report.longrepr[2]) for report in terminalreporter.getreports("skipped")}
    for words in sorted(skipped):
        if any(loud in words for loud in LOUD):
            terminalreporter.write_line(words.removeprefix("Skipped: "), red=True, bold=True)


@pytest.fixture(autouse=True)
def _own_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Playwright's loop counts as running in this thread from then on: other tests run loops of their own."""
    running = None if "browser" in request.fixturenames else asyncio._get_running_loop()
    if running is None:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)


@dataclass
class Clock:
    """Unix seconds that move only when told to."""

    seconds: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds

    @property
    def ms(self) -> int:
        return int(self.seconds * 1000)

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for the whole session; without one the tests that need it fail."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """A migrated database to copy; copying is quicker than migrating."""
    name = postgres.create()
    migrate(postgres.url(name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "bridge.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A migrated, empty database in a file of its own."""
    shutil.copy(sqlite_template, tmp_path / "bridge.db")
    return f"sqlite:///{tmp_path / 'bridge.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated, empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        yield url
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.lend(request.getfixturevalue("postgres_template"))
    yield server.url(name)
    server.take_back(name)


@pytest.fixture
def store(database_url: str, clock: Clock) -> Iterator[Store]:
    """An empty store, once on SQLite and once on PostgreSQL, whose time is the `clock`."""
    opened = open_store(database_url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(sqlite_url: str, clock: Clock) -> Iterator[Store]:
    opened = open_store(sqlite_url, clock=clock)
    yield opened
    opened.close()


def migrate(url: str) -> None:
    """Make the tables in an empty database."""
    store = open_store(url)
    store.migrate()
    store.close()
