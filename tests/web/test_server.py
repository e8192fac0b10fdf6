"""The web process does not start on a database that may lose commits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.postgres import running_postgres


def served(folder: Path, url: str, language: str = "en") -> tuple[int, str]:
    """Exit code and output of `leadbridge serve`."""
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "serve"],
        cwd=folder,
        env={**os.environ, "DATABASE_URL": url, "BRIDGE_LANG": language},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", ["fsync", pytest.param("full_page_writes", marks=pytest.mark.thorough)])
def test_a_postgres_that_may_lose_commits_is_refused(name: str, tmp_path: Path) -> None:
    with running_postgres(**{name: "off"}) as forgetful:
        code, output = served(tmp_path, forgetful.url("postgres"))
        _, russian = served(tmp_path, forgetful.url("postgres"), "ru")
    assert code == 1
    assert output.splitlines() == [
        f"error: PostgreSQL runs with {name} = off, expected on",
        "hint: an accepted webhook could vanish with the next power cut: set it on and reload PostgreSQL",
    ]
    assert russian.splitlines() == [
        f"ошибка: PostgreSQL: ожидается on, а здесь {name} = off",
        "подсказка: принятый вебхук может пропасть при отключении питания: включите и перечитайте настройки "
        "PostgreSQL",
    ]
