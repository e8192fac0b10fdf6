"""Reads the environment and the file `.env` into a frozen Settings. The only reader of os.environ."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from io import StringIO
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

from dotenv.parser import parse_stream

from bridge.errors import BridgeError
from bridge.language.placeholder import FILL_IN
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.text.catalogue import ENGLISH, LANGUAGES

Network: TypeAlias = IPv4Network | IPv6Network
Reread: TypeAlias = Callable[[], Mapping[str, str]]

DOTENV: Final = ".env"
"""File in the working folder. The environment overrides it."""
_FILE: Final = "_FILE"
_LIMIT: Final = 1 << 16
"""Maximum size of a value in a separate file, in bytes."""


_DOTENV_LIMIT: Final = 1 << 20
"""Maximum size of `.env`, in bytes."""


class SettingsError(BridgeError):
    """Some settings are invalid; `problems` lists all of them."""

    def __init__(self, problems: tuple[Reason, ...], cure: Reason) -> None:
        super().__init__(Reason(ErrorCode.SETTINGS, problems=problems), cure)
        self.problems = problems


class _UnfitError(ValueError):
    """A value is invalid; `expected` describes valid ones."""

    def __init__(self, expected: Reason) -> None:
        super().__init__()
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Proxies:
    """Trusted proxies in front of the bridge: a number of hops, or their networks."""

    hops: int = 0
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of the environment. Its repr contains no secret."""

    database_url: str = field(default="sqlite:///var/bridge.db", repr=False)
    mappings: str = "mappings"
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    log: str = "text"
    public_url: str = ""
    proxies: Proxies = Proxies()
    disk_floor: int = 200
    """Free megabytes that the embedded database's disk needs for webhooks to be accepted; 0: no limit."""
    sandbox: str = ""
    """URL of a sandbox that replaces LeadConverter for every account; empty: LeadConverter is used."""
    metrics: str = ""
    """Folder in which the processes of one tree share counters; empty: each counts separately."""
    console_password: str = field(default="", repr=False)
    """Plain, or a scrypt hash; empty: the console answers only this machine."""
    console_read_password: str = field(default="", repr=False)
    """Password for read-only access to the console."""
    language: str = ENGLISH
    """Language of commands and alerts."""
    console_edit: bool = False
    """Whether mapping files may be saved from the console."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values of `${NAME}` in mapping files."""
    process: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Environment for child processes, which read `.env` themselves."""
    reread: Reread | None = field(default=None, repr=False, compare=False)
    """Reads `environment` again from the current files, without passwords; None: it never changes."""

    def without_passwords(self) -> Settings:
        """A copy without passwords. A running process keeps only hashes of the console's passwords."""
        kept = _without_passwords(self.environment)
        return replace(self, console_password="", console_read_password="", environment=kept, process={})


_SCRYPT = re.compile(r"scrypt:\d{1,7}:\d{1,3}:\d{1,3}\$[^$]+\$[0-9a-f]{128}")
"""Format of a hash of werkzeug.security."""

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Set it before the first counter is created, because prometheus_client reads it, too."""

_NAMES = {
    "database_url": "DATABASE_URL",
    "mappings": "BRIDGE_MAPPINGS",
    "host": "BRIDGE_HOST",
    "port": "PORT",
    "workers": "BRIDGE_WORKERS",
    "log": "BRIDGE_LOG",
    "public_url": "BRIDGE_PUBLIC_URL",
    "proxies": "BRIDGE_TRUSTED_PROXIES",
    "disk_floor": "BRIDGE_DISK_FLOOR",
    "sandbox": "BRIDGE_SANDBOX",
    "metrics": METRICS_FOLDER,
    "language": "BRIDGE_LANG",
    "console_password": "BRIDGE_CONSOLE_PASSWORD",
    "console_read_password": "BRIDGE_CONSOLE_READ_PASSWORD",
    "console_edit": "BRIDGE_CONSOLE_EDIT",
}


_PASSWORDS = ("BRIDGE_CONSOLE_PASSWORD", "BRIDGE_CONSOLE_READ_PASSWORD")
_SECRET = ("database_url", "console_password", "console_read_password")


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises SettingsError with all problems at once.

    An empty variable counts as unset, because hosting panels leave them empty. Without `environment` the
    process's environment overrides the file `.env`, and both can be read again.
    """
    process = dict(os.environ if environment is None else environment)
    found = dict(process) if environment is not None else variables(process)
    values: dict[str, Any] = {}
    problems: list[Reason] = []
    for name, variable in _NAMES.items():
        text = found.get(variable, "").strip()
        if not text:
            if found.get(variable + _FILE, "").strip():
                problems.append(Reason(ErrorCode.SETTING_FILE_EMPTY, name=variable + _FILE))
            continue
        if text == FILL_IN:
            problems.append(Reason(ErrorCode.SETTING_PLACEHOLDER, name=variable, found=FILL_IN))
            continue
        try:
            values[name] = _READ.get(name, str)(text)
        except _UnfitError as error:
            problems.append(_wrong(name, variable, text, error.expected))
    if "console_read_password" in values and "console_password" not in values:
        problems.append(Reason(ErrorCode.SETTING_PASSWORD_MISSING))
    if problems:
        raise SettingsError(tuple(problems), Reason(ErrorCode.SET_VARIABLES))
    values.setdefault("language", _of_locale(found))
    reread = None if environment is not None else _reread
    return Settings(environment=found, process=process, reread=reread, **values)


def variables(process: Mapping[str, str], folder: Path = Path()) -> dict[str, str]:
    """Variables that have a value: those of the process override those of `.env` in the folder.

    If NAME is not set in the same place, NAME_FILE names a file with its value. Raises SettingsError.
    """
    return {**_with_files(_dotenv(folder / DOTENV)), **_with_files(process)}


def language() -> str:
    """Language of commands, also with invalid settings: BRIDGE_LANG, or the language of the locale."""
    try:
        found = variables(os.environ)
    except SettingsError:
        found = dict(os.environ)
    chosen = found.get("BRIDGE_LANG", "").strip()
    return chosen if chosen in LANGUAGES else _of_locale(found)


def _of_locale(found: Mapping[str, str]) -> str:
    """Language of messages according to POSIX: the first of these variables that is set."""
    locale = next((found[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if found.get(name)), "")
    code = re.split(r"[_.@]", locale)[0].lower()
    return code if code in LANGUAGES else ENGLISH


def _reread() -> Mapping[str, str]:
    return _without_passwords(variables(os.environ))


def _without_passwords(found: Mapping[str, str]) -> dict[str, str]:
    hidden = {*_PASSWORDS, *(name + _FILE for name in _PASSWORDS)}
    return {name: text for name, text in found.items() if name not in hidden}


def _dotenv(path: Path) -> dict[str, str]:
    """The lines NAME=value of the file; empty if there is no file."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(_DOTENV_LIMIT + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        problem = Reason(ErrorCode.UNREADABLE, path=str(path), detail=error.strerror)
        raise SettingsError((problem,), Reason(ErrorCode.MAKE_READABLE)) from error
    except UnicodeDecodeError as error:
        problem = Reason(ErrorCode.NOT_UTF8, path=str(path))
        raise SettingsError((problem,), Reason(ErrorCode.SAVE_AS_UTF8)) from error
    if len(text) > _DOTENV_LIMIT:
        problem = Reason(ErrorCode.DOTENV_LARGE, path=str(path))
        raise SettingsError((problem,), Reason(ErrorCode.USE_VALUE_FILES))
    lines = list(parse_stream(StringIO(text)))
    broken = [one.original.line for one in lines if one.error or (one.key and one.value is None)]
    if broken:
        problems = tuple(Reason(ErrorCode.DOTENV_LINE, path=str(path), line=line) for line in broken)
        raise SettingsError(problems, Reason(ErrorCode.WRITE_DOTENV_LINE))
    return {one.key: one.value for one in lines if one.key and one.value is not None}


def _with_files(given: Mapping[str, str]) -> dict[str, str]:
    found = {name: text for name, text in given.items() if text.strip()}
    for name in [name for name in found if name.endswith(_FILE)]:
        text = _text_of(Path(found[name]))
        if text:
            found.setdefault(name.removesuffix(_FILE), text)
    return found


def _text_of(path: Path) -> str:
    """The text of a file with one value; empty if the file does not exist or cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > _LIMIT:
            return ""
        text = path.read_text(encoding="utf-8-sig").rstrip("\r\n")
    except (OSError, ValueError):
        return ""
    return text if text.strip() else ""


def _wrong(name: str, variable: str, text: str, expected: Reason) -> Reason:
    if name in _SECRET:
        return Reason(ErrorCode.SETTING_WRONG_SECRET, name=variable, expected=expected)
    return Reason(ErrorCode.SETTING_WRONG, name=variable, found=text, expected=expected)


def _between(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
            raise _UnfitError(Reason(ErrorCode.WANT_WHOLE_NUMBER, low=low, high=high))
        return int(text)

    return read


def _choice(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise _UnfitError(Reason(ErrorCode.WANT_ONE_OF, choices=choices))
        return text

    return read


def _password(text: str) -> str:
    if text.startswith("scrypt:") and not _SCRYPT.fullmatch(text):
        raise _UnfitError(Reason(ErrorCode.WANT_PASSWORD))
    return text


def _web_url(text: str) -> str:
    expected = Reason(ErrorCode.WANT_WEB_URL)
    parts = _split(text, expected)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise _UnfitError(expected)
    return text.rstrip("/")


def _split(text: str, expected: Reason) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        raise _UnfitError(expected) from None


def _database_url(text: str) -> str:
    expected = Reason(ErrorCode.WANT_DATABASE_URL)
    if _split(text, expected).scheme.split("+")[0] not in ("sqlite", "postgres", "postgresql"):
        raise _UnfitError(expected)
    return text


def _proxies(text: str) -> Proxies:
    if text.isascii() and text.isdigit():
        return Proxies(hops=_between(0, 10)(text))
    try:
        return Proxies(networks=tuple(ip_network(part.strip()) for part in text.split(",")))
    except ValueError:
        raise _UnfitError(Reason(ErrorCode.WANT_PROXIES)) from None


_READ: Mapping[str, Callable[[str], Any]] = {
    "database_url": _database_url,
    "port": _between(1, 65535),
    "workers": _between(1, 64),
    "log": _choice("text", "json"),
    "language": _choice(*LANGUAGES),
    "public_url": _web_url,
    "disk_floor": _between(0, 1_000_000),
    "sandbox": _web_url,
    "proxies": _proxies,
    "console_password": _password,
    "console_read_password": _password,
    "console_edit": lambda text: _between(0, 1)(text) == 1,
}
