"""The peers' own set-up: from Debian and npm, into a folder that git ignores."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parents[1] / ".peers"
NODE = ("node@24", "node-gyp@11")
NODE_RED = "node-red@5"
N8N = ("n8n@2", "n8n@2.41.1", "n8n@2.39.10")
"""Tried in this order: a registry may lack a package that the newest wants."""
N8N_NATIVE = ("sqlite3", "isolated-vm")
"""Built here: their own installation would fetch them from elsewhere, and n8n runs without the others."""
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
    program = _npm("n8n", N8N, "--ignore-scripts")
    for module in N8N_NATIVE:
        folder = FOLDER / "n8n" / "node_modules" / module
        if folder.exists() and not any(folder.glob("*/**/*.node")):
            _run(["node-gyp", "rebuild", "-C", str(folder)], {**os.environ, **with_node()})
    return program


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


def _npm(program: str, versions: tuple[str, ...], *options: str) -> str:
    """The program of a package of that name, in the first version that can be installed."""
    if not shutil.which("npm"):
        raise MissingError("there is no npm; install Debian's npm")
    if not (FOLDER / "node").exists():
        _npm_install("node", NODE, dict(os.environ))
    binary = FOLDER / program / "node_modules" / ".bin" / program
    faults = []
    for version in versions:
        if binary.exists():
            break
        try:
            _npm_install(program, (version, *options), {**os.environ, **with_node()})
        except MissingError as error:
            faults.append(str(error))
    if not binary.exists():
        raise MissingError("; ".join(faults))
    return str(binary)


def _npm_install(name: str, words: tuple[str, ...], environment: dict[str, str]) -> None:
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _run(["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", *words], environment)


def _run(words: list[str], environment: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=_WITHIN, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(f"{' '.join(words)}: {error}") from error
    if done.returncode:
        raise MissingError(f"{' '.join(words)} failed: {done.stderr.strip()[-500:]}")
