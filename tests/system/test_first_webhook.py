"""docs/first-webhook.md, followed from top to bottom as a stranger would, beside a running bridge."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.support.processes import ROOT, Installation, installation
from tests.support.waiting import eventually

PAGE = (ROOT / "docs" / "first-webhook.md").read_text()
BLOCKS = re.findall(r"^```(?:json |yaml )?(console|added|\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MAPPING = Path("mappings/bakery.yml")
Followed: TypeAlias = tuple[dict[str, list[str]], list[dict[str, Any]]]


def follow(bridge: Installation) -> dict[str, list[str]]:
    """Do what the page says; what each command printed, in the order in which it was run."""
    printed: dict[str, list[str]] = {}
    for kind, text in BLOCKS:
        if kind == "added":
            path = bridge.folder / MAPPING
            path.write_text(path.read_text() + text)
        elif kind != "console":
            (bridge.folder / kind).write_text(text)
        for line in text.splitlines() if kind == "console" else ():
            printed.setdefault(line, []).append(run(bridge, shlex.split(line.removeprefix("$ "))))
    return printed


def run(bridge: Installation, words: list[str]) -> str:
    if words[0] == "curl":
        return send(bridge, words)
    ran = bridge.command(*words[1:])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def send(bridge: Installation, words: list[str]) -> str:
    """As curl would; once the running bridge has taken up the file."""
    pairs = (words[at + 1].partition(": ") for at, word in enumerate(words) if word == "-H")
    headers = {name: value for name, _, value in pairs}
    (url,) = (word for word in words if word.startswith("http:"))
    body = (bridge.folder / words[-1].removeprefix("@")).read_bytes()

    def taken() -> bool:
        answer = bridge.post(url.partition("8080")[2], body, headers)
        return (answer.status, answer.body) == (200, b"OK")

    assert eventually(taken), bridge.read_log()
    assert eventually(lambda: len(bridge.calls()) == 1), bridge.read_log()
    return ""


# The commands of the README are run by `make test`.
pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """What the commands printed, and what the sandbox got."""
    folder = tmp_path_factory.mktemp("stranger")
    (folder / MAPPING.parent).mkdir()
    with installation(folder, "sqlite:///var/bridge.db") as bridge:
        (bridge.mappings / "first.yml").write_text((ROOT / "mappings" / "yookassa.yml").read_text())
        (bridge.mappings / "samples").mkdir()
        sample = ROOT / "mappings" / "samples" / "yookassa-paid.json"
        (bridge.mappings / "samples" / sample.name).write_bytes(sample.read_bytes())
        bridge.start()
        printed = follow(bridge)
        run(bridge, shlex.split(next(line for line in printed if line.startswith("$ curl"))[2:]))
        return printed, bridge.calls()


def test_the_page_leads_to_a_started_bot_and_no_second_one(followed: Followed) -> None:
    (call,) = followed[1]
    assert (call["bot_id"], call["subscriber_id"]) == ("4512", "778899")
    assert call["variables"] == {"amount": "2490.00", "goods": "Курс хлеба", "phone": "+79161234567"}


def test_its_commands_show_what_it_says_they_do(followed: Followed) -> None:
    printed = followed[0]
    assert "start 1 was not expected" in printed["$ leadbridge test mappings/bakery.yml --update"][0]
    before, after = printed["$ leadbridge test mappings/bakery.yml --coverage"]
    assert "$.total: {gte: 1000}" in before
    assert "always holds" in before
    assert "always holds" not in after
    assert "matched" in printed["$ leadbridge events --source bakery"][0]
    assert "done" in printed["$ leadbridge calls"][0]
