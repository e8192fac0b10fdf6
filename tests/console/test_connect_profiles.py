"""Default clicks in Connect end in exactly one call, for every profile, by real HTTP, genuinely signed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from bridge.operations.authoring.mapping_files import UNSET
from bridge.webhook.profiles import load_profiles
from tests.console.forms import Visitor, form_to, link_to, words
from tests.support.processes import Installation, installation
from tests.support.waiting import eventually
from tests.webhook import test_own_samples as own
from tests.webhook.test_own_samples import Sample

PERSON = 778899
"""Whom the owner enters where the webhook names nobody."""


@dataclass(frozen=True)
class Row:
    """What connecting a profile leads to: whom the call is for, and whether the webhook names them."""

    recipient: int = PERSON
    named: bool = False


ROWS = {
    **{name: Row() for name in load_profiles()},
    "cloudpayments": Row(778899, named=True),
    "typeform": Row(5, named=True),
}
NONE_OF_THEM = """
source: other
body: json
secret: ${JSON_TOKEN}
verify: {token: {path: true}}
rules: [{name: never, when: {$.a: 1}, start: {bot_id: 1, subscriber_id: $.s}}]
tests: [{name: nothing, body: {}, expect: []}]
"""
NUMBERS = {name: 4500 + number for number, name in enumerate(ROWS)}
"""The bot of each."""


ALWAYS = ("amocrm",)
"""A form and JSON; the others are left to `make thorough`."""
EACH = [
    name if name in ALWAYS else pytest.param(name, marks=pytest.mark.thorough)
    for name in ROWS
    if name != "paypal"
]
pytestmark = pytest.mark.long


@pytest.fixture
def samples() -> dict[str, Sample]:
    """A genuine webhook of every profile. Signed for each test anew: some senders' signatures are old after
    five minutes."""
    return signed_now()


def signed_now() -> dict[str, Sample]:
    """Signed for the URL that the bridge says of itself."""
    made: dict[str, Sample] = {}
    with pytest.MonkeyPatch.context() as patch:
        now = int(time.time())
        patch.setattr(own, "NOW", now * 1000)
        patch.setattr(own, "STAMP", str(now))
        for name in ROWS:
            patch.setattr(own, "URL", f"http://bridge.example/hooks/{name}")
            made |= {key: sample for key, sample in own.samples().items() if key == name}
    return made


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An empty one, whose mapping files may be saved from the console; all secrets are set."""
    secrets: dict[str, str] = {}
    for name, sample in signed_now().items():
        starter = load_profiles()[name].about["starter"]
        secrets |= dict.fromkeys(re.findall(r"\$\{(\w+)\}", starter), sample.secret)
        secrets[f"{re.sub(r'[^a-z]', '_', name).upper()}_TOKEN"] = sample.secret
    more = {"BRIDGE_WORKERS": "1", "BRIDGE_CONSOLE_EDIT": "1", "BRIDGE_PUBLIC_URL": "http://bridge.example"}
    folder = tmp_path_factory.mktemp("profiles")
    with installation(folder, "sqlite:///var/bridge.db", **secrets, **more) as running:
        (running.mappings / "other.yml").write_text(NONE_OF_THEM)
        running.start()
        yield running


def arrive(bridge: Installation, name: str, sample: Sample) -> int:
    """The webhook as its sender sends it; the status that it hears."""
    webhook = sample.request
    path = f"/hooks/{name}" + (f"/{quote(webhook.path_token)}" if webhook.path_token else "")
    path += f"?{webhook.query}" if webhook.query else ""
    return bridge.ask(webhook.method, bridge.port, path, webhook.body, dict(webhook.headers)).status


def connected(bridge: Installation, visitor: Visitor, name: str) -> None:
    """Choose the profile, keep its name, save the first file."""
    page = visitor.get(f"/console/connect/new?profile={name}&source={name}")
    saved = visitor.post(form_to(page, "/connect/new/save"))
    assert (bridge.mappings / f"{name}.yml").exists(), words(saved)


@pytest.mark.parametrize("name", EACH)
def test_default_clicks_end_in_one_call_for_the_right_person(
    bridge: Installation, samples: dict[str, Sample], name: str
) -> None:
    visitor, row, bot = Visitor(bridge.port), ROWS[name], str(NUMBERS[name])
    connected(bridge, visitor, name)
    assert eventually(lambda: arrive(bridge, name, samples[name]) == 200), bridge.read_log()[-2000:]

    watch = visitor.get(f"/console/connect/to/{name}")
    choose = form_to(visitor.get(link_to(watch, "/choose/")), "/choose/")
    assert ("subscriber_id" in choose) is not row.named
    missing = visitor.post(choose)
    assert "Write the id of the bot to start" in missing, words(missing)
    assert ("Nobody would get the message" in missing) is not row.named
    refused = visitor.post_to(f"{choose.action}/save", choose.fields)
    assert "not saved" in refused
    assert "rules:" not in (bridge.mappings / f"{name}.yml").read_text()

    typed = {"bot_id": bot} if row.named else {"bot_id": bot, "subscriber_id": str(PERSON)}
    visitor.post(form_to(visitor.post(form_to(missing, "/choose/"), **typed), "/save"))
    assert "FILL_IN" not in (bridge.mappings / f"{name}.yml").read_text()

    watch = visitor.get(f"/console/connect/to/{name}")
    page = visitor.get(link_to(watch, "/replay"))
    visitor.post(form_to(page, "/replay", having="why"), why="connected")
    assert eventually(lambda: calls(bridge, bot) == [{"subscriber_id": str(row.recipient)}], seconds=30)

    assert arrive(bridge, name, samples[name]) == 200
    repeated = {one["event"] for one in listed(bridge, "events", "--repeats", "--source", name)}
    (call,) = listed(bridge, "calls", "--source", name)
    assert call["event"] in repeated


def listed(bridge: Installation, *command: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(bridge.command(*command, "--json").stdout)
    return found


def calls(bridge: Installation, bot: str) -> list[dict[str, str]]:
    """The recipients of all calls that the sandbox got for the bot."""
    return [
        {key: one[key] for key in ("subscriber_id", "user_id", "channel_id") if one.get(key)}
        for one in bridge.calls()
        if one["bot_id"] == bot
    ]


def test_every_file_that_was_made_so_is_without_findings_and_its_tests_pass(bridge: Installation) -> None:
    checked = bridge.command("check")
    assert checked.returncode == 0
    assert [line for line in checked.stdout.splitlines() if UNSET not in line] == []
    tested = bridge.command("test")
    assert tested.returncode == 0, tested.stdout
