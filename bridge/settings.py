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
from urllib.parse import urlsplit

from dotenv.parser import parse_stream

from bridge.errors import BridgeError
from bridge.language.placeholder import FILL_IN
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
_HINT: Final = "set or unset these environment variables and start again"


class SettingsError(BridgeError):
    """Some settings cannot be used; `problems` names every one, a sentence each."""

    def __init__(self, problems: tuple[str, ...], hint: str = _HINT) -> None:
        super().__init__("; ".join(problems), hint)
        self.problems = problems


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
    problems: list[str] = []
    for name, variable in _NAMES.items():
        text = found.get(variable, "").strip()
        if not text:
            if found.get(variable + _FILE, "").strip():
                problems.append(f"{variable}{_FILE} names no readable file with a value, expected one")
            continue
        if text == FILL_IN:
            problems.append(f"{variable} is {FILL_IN}, a placeholder; expected a value")
            continue
        try:
            values[name] = _READ.get(name, str)(text)
        except ValueError as error:
            problems.append(f"{variable} is {_shown(name, text)}, expected {error}")
    if "console_read_password" in values and "console_password" not in values:
        problems.append("BRIDGE_CONSOLE_READ_PASSWORD is set, expected BRIDGE_CONSOLE_PASSWORD beside it")
    if problems:
        raise SettingsError(tuple(problems))
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
        hint = "make it a file that this user can read, or remove it"
        raise SettingsError((f"{path} cannot be read: {error.strerror}",), hint) from error
    except UnicodeDecodeError as error:
        raise SettingsError((f"{path} is not UTF-8",), "save it as UTF-8") from error
    if len(text) > _DOTENV_LIMIT:
        raise SettingsError((f"{path} is larger than 1 MiB",), "put large values into files: NAME_FILE=path")
    lines = list(parse_stream(StringIO(text)))
    broken = [one.original.line for one in lines if one.error or (one.key and one.value is None)]
    if broken:
        hint = "write NAME=value there, and close every quote that you open"
        raise SettingsError(tuple(f"{path}:{line} is not NAME=value" for line in broken), hint)
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


def _shown(name: str, text: str) -> str:
    return "a value kept secret" if name in _SECRET else f'"{text}"'


def _between(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return read


def _choice(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(" or ".join(choices))
        return text

    return read


def _password(text: str) -> str:
    if text.startswith("scrypt:") and not _SCRYPT.fullmatch(text):
        raise ValueError("a password, or a whole hash: scrypt:32768:8:1$salt$digest")
    return text


def _web_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("a URL such as https://hooks.example.com")
    return text.rstrip("/")


def _database_url(text: str) -> str:
    if urlsplit(text).scheme.split("+")[0] not in ("sqlite", "postgres", "postgresql"):
        raise ValueError("sqlite:///path/to/file.db or postgres://user:password@host/database")
    return text


def _proxies(text: str) -> Proxies:
    if text.isascii() and text.isdigit():
        return Proxies(hops=_between(0, 10)(text))
    try:
        return Proxies(networks=tuple(ip_network(part.strip()) for part in text.split(",")))
    except ValueError:
        expected = 'the number of proxies in front, or their networks: "1" or "10.0.0.0/8, ::1"'
        raise ValueError(expected) from None


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
