"""The way of an owner from nothing to a webhook that is accepted: `leadbridge init`, as the README has it."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.settings import load
from tests.support.processes import ROOT, Installation, free_port
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

README = (ROOT / "README.md").read_text(encoding="utf-8")


def leadbridge(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **more}
    return subprocess.run(
        [sys.executable, "-m", "bridge", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_makes_settings_that_only_their_owner_can_read(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert leadbridge(tmp_path, "init", "here").returncode == 0
    finally:
        os.umask(before)
    assert sorted(one.name for one in (tmp_path / "here").iterdir()) == [".env", "mappings"]
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("here", "here/mappings")}
    assert set(modes.values()) == {0o700}
    assert stat.S_IMODE((tmp_path / "here/.env").stat().st_mode) == 0o600
    assert list((tmp_path / "here/mappings").iterdir()) == []


def test_each_folder_gets_a_password_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = set()
    for name in ("one", "two"):
        assert leadbridge(tmp_path, "init", name).returncode == 0
        monkeypatch.chdir(tmp_path / name)
        given = load()
        passwords.add(given.console_password)
        assert "LEADCONVERTER_TOKEN" not in given.environment
    assert len(passwords) == 2
    assert min(map(len, passwords)) >= 20


@pytest.mark.parametrize("there", [".env", "notes.txt", "mappings/shop.yml"])
def test_it_changes_nothing_where_anything_is(tmp_path: Path, there: str) -> None:
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("mine")
    ran = leadbridge(tmp_path, "init", ".")
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: . is not empty: nothing was changed\nhint: ")
    assert (tmp_path / there).read_text() == "mine"
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [tmp_path / there]


def test_run_twice_it_keeps_what_the_first_made(tmp_path: Path) -> None:
    assert leadbridge(tmp_path, "init", "here").returncode == 0
    before = (tmp_path / "here/.env").read_bytes()
    assert leadbridge(tmp_path, "init", "here").returncode == 1
    assert (tmp_path / "here/.env").read_bytes() == before


def test_where_nothing_may_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = leadbridge(tmp_path, "init", "file/below")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("error: file/below cannot be created: Not a directory\n")


@contextmanager
def running(folder: Path, environment: dict[str, str], port: int) -> Iterator[Installation]:
    bridge = Installation(folder, "", environment, port)
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bridge", "run"], cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            assert eventually(lambda: bridge._ok(port, "/readyz"), seconds=60), bridge.read_log()
            yield bridge
        finally:
            process.terminate()
            process.wait(40)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[tuple[dict[str, str], int]]:
    """What an owner's terminal has, an editor that sets the token, a port and a LeadConverter of ours."""
    editor, port = tmp_path / "editor", free_port()
    editor.write_text('#!/bin/sh\nsed -i s/^LEADCONVERTER_TOKEN=.*/LEADCONVERTER_TOKEN=t-1/ "$1"\n')
    editor.chmod(0o755)
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "leadbridge").write_text(f'#!/bin/sh\nexec {sys.executable} -m bridge "$@"\n')
    (bin_ / "leadbridge").chmod(0o755)
    sandbox = Sandbox().start()
    environment = {
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "EDITOR": str(editor),
        "LEADCONVERTER_URL": sandbox.url,
        "PORT": str(port),
        "BRIDGE_DISK_FLOOR": "1",
    }
    yield environment, port
    sandbox.stop()


def states(folder: Path, environment: dict[str, str]) -> set[str]:
    """Of all calls."""
    return {one["state"] for one in json.loads(leadbridge(folder, "calls", "--json", **environment).stdout)}


def shell(folder: Path, text: str, environment: dict[str, str]) -> str:
    ran = subprocess.run(
        ["sh", "-ec", text],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_commands_of_the_readme_end_in_a_started_bot(
    tmp_path: Path, fresh: tuple[dict[str, str], int]
) -> None:
    environment, port = fresh
    section = README.partition("## Run it for real")[2].partition("\n## ")[0]
    first, second = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    commands, run, rest = first.partition("leadbridge run\n")
    assert (run, rest) == ("leadbridge run\n", "")
    shell(tmp_path, commands, environment)
    folder = tmp_path / "shop-bridge"
    with running(folder, environment, port) as bridge:
        assert bridge.get("/readyz").json == {"ready": True, "problems": {}, "warnings": {}}
        told = shell(folder, second.replace(":8080", f":{port}"), environment)
        assert told.startswith("OK")
        assert "an order is paid: matched" in told
        assert eventually(lambda: states(folder, environment) == {"done"}, seconds=20)


@pytest.mark.thorough
def test_a_first_start_needs_no_mapping_and_no_token(
    tmp_path: Path, fresh: tuple[dict[str, str], int]
) -> None:
    environment, port = fresh
    assert leadbridge(tmp_path, "init", "here").returncode == 0
    folder = tmp_path / "here"
    with running(folder, environment, port) as bridge:
        assert bridge.get("/readyz").json["warnings"] == {
            "mappings": "no source is connected yet: nothing is accepted; "
            "connect a source in the console, or make a file; run: leadbridge new"
        }
        assert bridge.get("/console/login").status == 200
        assert bridge.post("/hooks/shop", {}).status == 503
        shop = "source: shop\nprofile: json\nsecret: ${SHOP}\nverify: {token: {header: X-T}}\nrules:\n"
        rule = "  - {name: r, start: {bot_id: 1, subscriber_id: $.b}}\n"
        (folder / "mappings/shop.yml").write_text(f"{shop}{rule}")
        (folder / "mappings/open.yml").write_text(
            f"source: open\nprofile: json\nverify: none\nrules:\n{rule}"
        )
        assert eventually(lambda: bridge.post("/hooks/open", {"b": 1}).status == 200)
        closed = bridge.post("/hooks/shop", {"b": 2}, {"X-T": "not-set"})
        assert (closed.status, closed.headers["Retry-After"]) == (503, "5")
        closed_for = {
            "variables": "source shop is closed, its webhooks are answered 503: SHOP is not set; "
            "set it in the environment or in .env; account main has no token, its calls wait: "
            "LEADCONVERTER_TOKEN is not set; set it in the environment or in .env"
        }
        assert eventually(lambda: bridge.get("/readyz").json["warnings"] == closed_for)
        assert states(folder, environment) == {"queued"}
        with (folder / ".env").open("a") as file:
            file.write("SHOP=s3cret\nLEADCONVERTER_TOKEN=t-1\n")
        genuine = {"X-T": "s3cret"}
        assert eventually(lambda: bridge.post("/hooks/shop", {"b": 2}, genuine).status == 200, seconds=20)
        assert eventually(lambda: states(folder, environment) == {"done"}, seconds=30)
        assert bridge.read_log().count("source shop is closed") <= 3
