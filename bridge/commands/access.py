"""What commands work on: the database, the mapping folder, and who runs them."""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bridge.errors import BridgeError, StoreUnavailable
from bridge.mapping.compile.compiler import Compiled
from bridge.model import Account
from bridge.operations.authoring.mapping_files import accounts_of, compile_named
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.store.db.database_files import require_database
from bridge.store.db.engine import Store, open_store
from bridge.store.db.notify import Waker
from bridge.store.db.sqlite import path_of
from bridge.store.reports import audit


class NoDatabase(BridgeError):
    """The file of the embedded database does not exist yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(Reason(ErrorCode.NO_DATABASE, path=str(path)), Reason(ErrorCode.MIGRATE_OR_POINT))
        self.path = path


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """Open the existing database; it is never created, and has to have this version's tables.

    Raises BridgeError with the command to run where it does not exist, is not migrated or not reachable.
    """
    require_database_file(settings)
    store = open_store(settings.database_url)
    try:
        _check(store)
        yield store
    finally:
        store.close()


def require_database_file(settings: Settings) -> None:
    """Raise NoDatabase if the embedded database has no file yet, DatabaseLost if only its log is left."""
    url = settings.database_url
    if urlsplit(url).scheme.partition("+")[0] == "sqlite":
        require_database(path_of(url))
        if not path_of(url).is_file():
            raise NoDatabase(path_of(url))


def mappings_if_readable(settings: Settings) -> Compiled:
    """The compiled mapping folder, or an empty one if it cannot be read: stored rows can be shown without."""
    try:
        return compile_named(settings, [])
    except BridgeError:
        return Compiled()


def accounts_if_readable(settings: Settings) -> Mapping[str, Account]:
    """The accounts of the mapping folder; none if it cannot be read."""
    return accounts_of(settings, mappings_if_readable(settings))


def wake(store: Store) -> None:
    """Notify the dispatchers once that there is work."""
    with contextlib.closing(Waker(store)) as waker:
        waker.wake()


def who() -> str:
    """The name of the user at this terminal, for the audit log."""
    try:
        return audit.person(getpass.getuser())
    except (OSError, KeyError):
        return "unknown"


def _check(store: Store) -> None:
    try:
        store.check()
    except StoreUnavailable as error:
        raise BridgeError(error.reason, error.cure or Reason(ErrorCode.RUN_DOCTOR)) from error
