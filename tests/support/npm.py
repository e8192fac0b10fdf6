"""Tools for tests that come from npm."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.missing import missing

_WITHIN_S = 120
_OPTIONS = ("--fetch-timeout=30000", "--fetch-retries=1")


def npm(words: list[str], folder: Path, lacking: str) -> str:
    """What npm prints. Without npm the test is `missing`; a registry that does not answer is no fault of
    ours: the test is skipped, and `lacking` is said aloud at the end."""
    program = shutil.which("npm")
    if program is None:
        missing(lacking)
    command = [program, *words, *_OPTIONS]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_WITHIN_S)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{lacking}: npm took longer than {_WITHIN_S} s")
    if done.returncode:
        pytest.skip(f"{lacking}: {done.stderr.strip()[-300:]}")
    return done.stdout
