"""`leadbridge run --sandbox --demo`: the tour that a new user sees first."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.commands.demo import show_demo
from bridge.settings import load
from tests.support.processes import ROOT, Installation, installation
from tests.support.waiting import eventually

CURL = "\nsend another, as often as you like:\n\n"


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, str]]:
    """A bridge that was started with --demo, and what it printed."""
    folder = tmp_path_factory.mktemp("tour")
    shutil.copytree(ROOT / "mappings", folder / "mappings")
    with installation(folder, "sqlite:///var/bridge.db") as bridge:
        bridge.start("--demo")
        assert eventually(lambda: CURL in bridge.read_log(), seconds=30), bridge.read_log()
        yield bridge, bridge.read_log()


def test_the_story_goes_from_the_webhook_to_the_sandboxs_answer(tour: tuple[Installation, str]) -> None:
    bridge, log = tour
    parts = [
        f"a payment arrives: POST http://127.0.0.1:{bridge.port}/hooks/yookassa",
        "the sender gets: 200 OK",
        "event 1 of yookassa: matched",
        "  received  ",
        "  verified  ",
        "✓ course paid: matched",
        "call 1 by rule course paid: done",
        f"    POST http://127.0.0.1:{bridge.sandbox_port}/api/v1/•••/bot.startWithVariables?subscriber_id=778899&",
        "         variable[course] = Python с нуля",
        "    attempt 1: done at ",
        '      answer: {"bot_id":',
        CURL,
    ]
    places = [log.find(part) for part in parts]
    assert -1 not in places, log
    assert places == sorted(places)


def test_the_printed_curl_sends_another_payment_each_time(tour: tuple[Installation, str]) -> None:
    bridge, log = tour
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    command = log.split(CURL)[1].split("\n\n")[0]
    before = len(bridge.calls())
    unique = command.replace("$(date +%s)", "first")
    assert unique != command
    for line in (unique, command):
        ran = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=30, check=True)
        assert ran.stdout == "OK"
    assert eventually(lambda: len(bridge.calls()) == before + 2)
    assert {call["subscriber_id"] for call in bridge.calls()} == {"778899"}


def test_without_yookassa_it_says_what_to_do_instead(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.yml").write_text("source: own\nprofile: json\nverify: none\nevent: {id: $.id}\n")
    show_demo(load({"BRIDGE_MAPPINGS": str(tmp_path)}), "http://127.0.0.1:1")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"no demonstration: {tmp_path} has no source yookassa, whose sample the demonstration sends\n"
        "post a webhook of your own to /hooks/<source>, then look with: leadbridge events\n"
    )


def test_a_bridge_that_does_not_answer_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    show_demo(load({"BRIDGE_MAPPINGS": str(ROOT / "mappings")}), "http://127.0.0.1:1")
    assert "no demonstration: the bridge does not answer at http://127.0.0.1:1: " in capsys.readouterr().err
