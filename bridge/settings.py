"""The environment, with the file `.env`, becomes one frozen Settings. The only reader of os.environ."""

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
"""In the working folder; the environment wins over it."""
_FILE: Final = "_FILE"
_LIMIT: Final = 1 << 16
"""Bytes of a value that is in a file of its own."""


_DOTENV_LIMIT: Final = 1 << 20
"""Bytes of `.env`."""


class SettingsError(BridgeError):
    """Some settings cannot be used; `problems` names every one."""

    def __init__(self, problems: tuple[Reason, ...], cure: Reason) -> None:
        super().__init__(Reason(ErrorCode.SETTINGS, problems=problems), cure)
        self.problems = problems


class _UnfitError(ValueError):
    """A value cannot be used; `expected` says what can."""

    def __init__(self, expected: Reason) -> None:
        super().__init__()
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Proxies:
    """Who stands in front of the bridge: a number of hops, or the networks they are in."""

    hops: int = 0
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the environment decides. Printing it reveals no secret."""

    database_url: str = field(default="sqlite:///var/bridge.db", repr=False)
    mappings: str = "mappings"
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 2
    log: str = "text"
    public_url: str = ""
    proxies: Proxies = Proxies()
    disk_floor: int = 200
    """Megabytes that the embedded database's disk must have left for webhooks to be accepted; 0: any."""
    sandbox: str = ""
    """URL of a sandbox that stands in for every account; empty when LeadConverter is meant."""
    metrics: str = ""
    """Folder in which the processes of one tree count together; empty: each for itself."""
    console_password: str = field(default="", repr=False)
    """Plain, or a scrypt hash; empty: the console answers this machine only."""
    console_read_password: str = field(default="", repr=False)
    """With it one may look at everything in the console, and change nothing."""
    language: str = ENGLISH
    """What commands and alerts say things in."""
    console_edit: bool = False
    """Whether mapping files may be saved from the console."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Where `${NAME}` in mapping files takes its values from."""
    process: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What child processes are started with: they read `.env` for themselves."""
    reread: Reread | None = field(default=None, repr=False, compare=False)
    """Gives `environment` anew, as files are now, without passwords; None: it never changes."""

    def without_passwords(self) -> Settings:
        """The same for what lives on: of the console's passwords a running process keeps hashes only."""
        kept = _without_passwords(self.environment)
        return replace(self, console_password="", console_read_password="", environment=kept, process={})


_SCRYPT = re.compile(r"scrypt:\d{1,7}:\d{1,3}:\d{1,3}\$[^$]+\$[0-9a-f]{128}")
"""As werkzeug.security writes it."""

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Must be set before the first counter is made; prometheus_client reads it, too."""

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
    """Read the settings; raises SettingsError with every problem at once.

    An empty variable counts as unset, as hosting panels leave them. Without an `environment` it is the
    process's own over the file `.env`, and can be read anew.
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
    """Variables that have a value: the process's over those of `.env` in the folder; raises SettingsError.

    NAME is also what the file that NAME_FILE names has in it, unless NAME itself is set in the same place.
    """
    return {**_with_files(_dotenv(folder / DOTENV)), **_with_files(process)}


def language() -> str:
    """What commands speak, even where the settings cannot be used: BRIDGE_LANG, or the locale's language."""
    try:
        found = variables(os.environ)
    except SettingsError:
        found = dict(os.environ)
    chosen = found.get("BRIDGE_LANG", "").strip()
    return chosen if chosen in LANGUAGES else _of_locale(found)


def _of_locale(found: Mapping[str, str]) -> str:
    """The language of messages as POSIX has it: the first of these variables that is set."""
    locale = next((found[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if found.get(name)), "")
    code = re.split(r"[_.@]", locale)[0].lower()
    return code if code in LANGUAGES else ENGLISH


def _reread() -> Mapping[str, str]:
    return _without_passwords(variables(os.environ))


def _without_passwords(found: Mapping[str, str]) -> dict[str, str]:
    hidden = {*_PASSWORDS, *(name + _FILE for name in _PASSWORDS)}
    return {name: text for name, text in found.items() if name not in hidden}


def _dotenv(path: Path) -> dict[str, str]:
    """The lines NAME=value of the file; none where there is no file."""
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
    """What a file with one value has in it; empty where there is none, or none that can be read."""
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
