"""Set up what is compared with, in a folder that git ignores: from Debian, npm, PyPI, older versions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.common.contenders import ROOT, Tree

FOLDER = ROOT / "benchmarks" / ".peers"
NODE = ("node@24", "node-gyp@11")
NODE_RED = "node-red@5"
N8N = ("n8n@2", "n8n@2.41.1", "n8n@2.39.10")
"""Tried in this order: a registry may lack a package that the newest wants."""
N8N_NATIVE = ("sqlite3", "isolated-vm")
"""Built here: their own installation would fetch them from elsewhere, and n8n runs without the others."""
_PACKAGES = (
    "Flask==3.1.3",
    "gunicorn==27.0.1",
    "requests==2.34.2",
    "redis==8.1.0",
    "dramatiq==2.2.1",
    "procrastinate==3.10.0",
    "psycopg[binary,pool]==3.3.9",
)
"""What the durable peers are made of."""
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


def redis() -> str:
    """Debian's Redis; its path."""
    return _debian("redis-server")


def durable() -> Path:
    """The programs of a virtual environment for peers in Python."""
    return _environment(FOLDER / "durable", ["install", *_PACKAGES])


def tree_of(version: str) -> Tree:
    """A folder that holds a version of leadbridge and its .venv, or one that is made for a commit.

    Raises MissingError if there is no such commit, or its dependencies cannot be installed.
    """
    folder = Path(version)
    if not folder.is_dir():
        folder = FOLDER / f"leadbridge-{version}"
        if not folder.exists():
            _run(["git", "-C", str(ROOT), "worktree", "add", "--detach", str(folder), version])
        _environment(
            folder / ".venv", ["install", "--require-hashes", "-r", str(folder / "requirements.txt")]
        )
    return Tree(folder.resolve(), str(folder.resolve() / ".venv" / "bin" / "python"))


def _environment(folder: Path, words: list[str]) -> Path:
    """The programs of a virtual environment; made by `pip` with these words if it is not there."""
    complete = folder / "complete"
    if not complete.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(folder / "bin" / "pip"), *words])
        complete.touch()
    return folder / "bin"


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
