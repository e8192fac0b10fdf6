"""The peers' own set-up: from Debian and npm, into a folder that git ignores."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parents[1] / ".peers"
NODE = "node@24"
NODE_RED = "node-red@5"
N8N = ("n8n@2", "n8n@2.40.7", "n8n@2.39.10")
"""Tried in this order: a mirror may lack a package that the newest wants."""
_WITHIN = 1800


class MissingError(Exception):
    """A peer that could not be installed; the message says why."""


def webhook() -> str:
    """Debian's `webhook`; its path."""
    return _debian("webhook")


def curl() -> str:
    return _debian("curl")


def node_red() -> str:
    return _npm("node-red", (NODE_RED,))


def n8n() -> str:
    return _npm("n8n", N8N)


def with_node() -> dict[str, str]:
    """An environment in which Node.js is the one that the peers ask for."""
    home = FOLDER / "node" / "node_modules"
    return {
        "PATH": f"{home / '.bin'}{os.pathsep}{os.environ['PATH']}",
        "npm_config_nodedir": str(next(home.glob("**/node-linux-*"), home)),
    }


def _debian(package: str) -> str:
    if not shutil.which(package):
        _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package])
    found = shutil.which(package)
    if not found:
        raise MissingError(f"{package} is not on the PATH after its installation")
    return found


def _npm(program: str, versions: tuple[str, ...]) -> str:
    if not shutil.which("npm"):
        raise MissingError("there is no npm; install Debian's npm")
    _npm_install("node", "node", (NODE,), dict(os.environ))
    return _npm_install(program, program, versions, {**os.environ, **with_node()})


def _npm_install(name: str, program: str, versions: tuple[str, ...], environment: dict[str, str]) -> str:
    folder = FOLDER / name
    binary = folder / "node_modules" / ".bin" / program
    fault = MissingError(f"{program} was not installed")
    for version in versions:
        if binary.exists():
            break
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        words = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", version]
        try:
            _run(words, environment)
        except MissingError as error:
            fault = error
    if not binary.exists():
        raise fault
    return str(binary)


def _run(words: list[str], environment: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=_WITHIN, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(f"{' '.join(words)}: {error}") from error
    if done.returncode:
        raise MissingError(f"{' '.join(words)} failed: {done.stderr.strip()[-500:]}")
