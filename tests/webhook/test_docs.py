"""docs/sources.md and docs/senders/ are fresh; the mappings of docs/connect-any-system.md do what it says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from bridge.mapping.author.examples import run_example
from bridge.mapping.compile.compiler import compile_files
from bridge.mapping.rules.apply import MappingFile
from bridge.webhook.profiles import load_profiles
from bridge.webhook.source import Accepted, Answered, Refused
from tests.webhook.senders_pages import pages
from tests.webhook.sources_page import page
from tests.webhook.support import NOW, request

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "connect-any-system.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
ENVIRONMENT = {
    "LEADCONVERTER_TOKEN": "t",
    "COURIER_SECRET": "courier",
    "KASSA_KEY": "kassa",
    "ATELIER_KEY": "00ff",
}


def mapping(text: str) -> MappingFile:
    compiled = compile_files({"guide.yml": text.encode()}, ENVIRONMENT)
    assert compiled.findings == ()
    (found,) = compiled.sources.values()
    return found


def test_the_page_of_sources_is_fresh() -> None:
    assert (DOCS / "sources.md").read_text() == page(), "run: make docs"


def test_every_profile_has_a_fresh_page_and_every_page_a_profile() -> None:
    written = {path.name: path.read_text() for path in (DOCS / "senders").iterdir()}
    assert set(written) == {"README.md", *(f"{name}.md" for name in load_profiles())}
    assert written == pages(), "run: make docs"


def test_every_page_of_a_sender_says_what_was_compared_and_what_identifies_an_event() -> None:
    for name, text in pages().items():
        if name != "README.md":
            parts = re.split(r"^## ", text, flags=re.MULTILINE)
            titles = [part.partition("\n")[0] for part in parts]
            assert {"What identifies an event", "Compared with the vendor's documentation"} <= set(titles)
            assert re.search(
                r"^Compared with: .+\n\nAPI version: .+ Date: \d{4}|^There is none", text, re.MULTILINE
            ), name


@pytest.mark.parametrize("text", BLOCKS, ids=["courier", "kassa", "atelier"])
def test_a_mapping_of_the_guide_is_without_findings_and_its_tests_pass(text: str) -> None:
    found = mapping(text)
    assert found.tests
    for example in found.tests:
        result = run_example(found, example, lambda _: b"")
        assert result.passed, result.differences


def test_the_courier_is_verified_as_its_documentation_says() -> None:
    source = mapping(BLOCKS[0]).source
    body, stamp = b'{"id": "c-1", "type": "parcel.delivered"}', str(NOW // 1000)
    sign = hmac.new(b"courier", stamp.encode() + b"." + body, "sha256").hexdigest()
    honest = request(body, {"Courier-Signature": f"t={stamp},s={'0' * 64},s={sign}"})
    assert isinstance(source.receive(honest, NOW), Accepted)
    assert isinstance(source.receive(honest, NOW + 301_000), Refused)
    ping = b'{"type": "ping"}'
    sign = hmac.new(b"courier", stamp.encode() + b"." + ping, "sha256").hexdigest()
    assert isinstance(
        source.receive(request(ping, {"Courier-Signature": f"t={stamp},s={sign}"}), NOW), Answered
    )


def test_the_kassa_is_verified_as_its_documentation_says() -> None:
    source = mapping(BLOCKS[1]).source
    items = '[{"title": "Курс"}]'
    signed = f"client=778899&items={items}&order=7&state=paid&total=1490.00&key=kassa"
    sign = hashlib.md5(signed.encode()).hexdigest().upper()
    fields = {
        "order": "7",
        "state": "paid",
        "total": "1490.00",
        "client": "778899",
        "note": "",
        "items": items,
    }
    form = urlencode({**fields, "sign": sign})
    for webhook in (request(form, method="POST"), request(method="GET", query=form)):
        reception = source.receive(webhook, NOW)
        assert isinstance(reception, Accepted)
        assert reception.reply.body == b"SUCCESS"
        assert reception.events[0].document["items"] == [{"title": "Курс"}]
    assert isinstance(source.receive(request(form.replace("1490", "1491")), NOW), Refused)


def test_the_atelier_is_verified_as_its_documentation_says() -> None:
    source = mapping(BLOCKS[2]).source

    def item(number: int, kind: str, who: str) -> dict[str, object]:
        mac = hmac.new(b"\x00\xff", f"{number}:{kind}:{who}".encode(), "sha1").digest()
        return {"no": number, "kind": kind, "who": who, "mac": base64.b64encode(mac).decode()}

    items = [item(1, "fitting", "778899"), item(2, "repair", "778900")]
    reception = source.receive(request(json.dumps({"shop": "Nevsky", "changes": items})), NOW)
    assert isinstance(reception, Accepted)
    assert [event.id for event in reception.events] == ["Nevsky:1", "Nevsky:2"]
    items[1]["who"] = "778899"
    assert isinstance(source.receive(request(json.dumps({"shop": "Nevsky", "changes": items})), NOW), Refused)
    challenge = source.receive(request(method="GET", query="check=abc"), NOW)
    assert isinstance(challenge, Answered)
    assert challenge.reply.body == b"abc"
