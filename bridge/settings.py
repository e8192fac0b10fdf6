"""The environment becomes one frozen Settings. The only reader of os.environ."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from bridge.errors import BridgeError

Network: TypeAlias = IPv4Network | IPv6Network


class SettingsError(BridgeError):
    """Some settings cannot be used; `problems` names every one, a sentence each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems), "set or unset these environment variables and start again")
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
    console_edit: bool = False
    """Whether mapping files may be saved from the console."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Where `${NAME}` in mapping files takes its values from."""

    def without_passwords(self) -> Settings:
        """The same for what lives on: of the console's passwords a running process keeps hashes only."""
        kept = {name: text for name, text in self.environment.items() if name not in _PASSWORDS}
        return replace(self, console_password="", console_read_password="", environment=kept)


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
    "console_password": "BRIDGE_CONSOLE_PASSWORD",
    "console_read_password": "BRIDGE_CONSOLE_READ_PASSWORD",
    "console_edit": "BRIDGE_CONSOLE_EDIT",
}


_PASSWORDS = ("BRIDGE_CONSOLE_PASSWORD", "BRIDGE_CONSOLE_READ_PASSWORD")
_SECRET = ("database_url", "console_password", "console_read_password")


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raises SettingsError with every problem at once.

    An empty variable counts as unset, as hosting panels leave them.
    """
    environment = dict(os.environ if environment is None else environment)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, variable in _NAMES.items():
        text = environment.get(variable, "").strip()
        if not text:
            continue
        try:
            values[name] = _READ.get(name, str)(text)
        except ValueError as error:
            problems.append(f"{variable} is {_shown(name, text)}, expected {error}")
    if "console_read_password" in values and "console_password" not in values:
        problems.append("BRIDGE_CONSOLE_READ_PASSWORD is set, expected BRIDGE_CONSOLE_PASSWORD beside it")
    if problems:
        raise SettingsError(tuple(problems))
    return Settings(environment=environment, **values)


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
    "public_url": _web_url,
    "disk_floor": _between(0, 1_000_000),
    "sandbox": _web_url,
    "proxies": _proxies,
    "console_password": _password,
    "console_read_password": _password,
    "console_edit": lambda text: _between(0, 1)(text) == 1,
}
