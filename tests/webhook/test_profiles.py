from __future__ import annotations

import re

import pytest

from bridge.language.document import read
from bridge.language.nodes import Mapping, Report, plain
from bridge.mapping.author.examples import run_example
from bridge.mapping.compile.compiler import compile_files
from bridge.webhook.profiles import load_profiles, merge
from tests.support.filling import filled
from tests.webhook.support import compile_text

PROFILES = load_profiles()
NAMES = (
    "adyen amocrm bitrix24 cloudpayments form getcourse github hubspot hubspot-v1 jotform json kommo"
    " leadconverter meta-whatsapp paypal pipedrive prodamus query robokassa salesforce sendgrid shopify slack"
    " standard-webhooks stripe tbank telegram tilda twilio typeform yookassa zoom"
)
KEYS = {
    "ADYEN_HMAC_KEY": "00ff" * 16,
    "CONTACTS_WEBHOOK_SECRET": "whsec_AAAA",
    "SENDGRID_PUBLIC_KEY": (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpV"
        "KS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
    ),
}
ENVIRONMENT = {"LEADCONVERTER_TOKEN": "t"}
EVENT = {"id": 1, "type": 2}
every = pytest.mark.parametrize("name", PROFILES)


def node(text: str) -> Mapping:
    found = read(text.encode(), Report("x.yml"))
    assert isinstance(found, Mapping)
    return found


def test_every_known_system_has_its_profile() -> None:
    assert " ".join(PROFILES) == NAMES


@every
def test_its_starter_mapping_is_without_findings_and_its_tests_pass(name: str) -> None:
    starter = filled(PROFILES[name].about["starter"])
    secrets = {one: KEYS.get(one, "a-secret") for one in re.findall(r"\$\{(\w+)\}", starter)}
    compiled = compile_files({"starter.yml": starter.encode()}, {**ENVIRONMENT, **secrets})
    assert compiled.findings == ()
    (mapping,) = compiled.sources.values()
    assert mapping.tests
    for example in mapping.tests:
        result = run_example(mapping, example, lambda _: b"")
        assert result.passed, result.differences


@every
def test_without_a_secret_its_starter_mapping_is_still_read(name: str) -> None:
    starter = filled(PROFILES[name].about["starter"])
    compiled = compile_files({"starter.yml": starter.encode()}, ENVIRONMENT, placeholder="unset")
    assert [finding for finding in compiled.findings if finding.is_error] == []


@every
def test_its_starter_mapping_is_not_taken_into_use_before_it_is_filled_in(name: str) -> None:
    starter = PROFILES[name].about["starter"]
    compiled = compile_files({"starter.yml": starter.encode()}, ENVIRONMENT, placeholder="unset")
    assert not compiled.valid
    assert {finding.code for finding in compiled.findings if finding.is_error} == {"M111"}
    assert any("the id of the bot to start" in finding.message for finding in compiled.findings)


@every
def test_it_documents_what_to_do_and_its_references(name: str) -> None:
    about = PROFILES[name].about
    assert about["title"]
    assert len(about["setup"]) >= 1
    assert about["verified"]
    assert about["own_ids"]
    assert f"profile: {name}" in about["starter"]
    shown = " ".join(str(value) for value in plain(about.node).values())
    assert "http://" not in shown


@every
def test_it_contains_no_secret(name: str) -> None:
    source, findings = compile_text(f"source: s\nprofile: {name}\n")
    if name != "yookassa":
        assert source is None
        assert any(" M402 " in finding for finding in findings), findings
        assert all(finding.startswith("source.yml:2:1: ") for finding in findings)


@pytest.mark.parametrize(
    ("own", "merged"),
    [
        ("profile: p\nbody: form", {"body": "form", "event": EVENT}),
        ("profile: p\nevent: {id: 3}", {"body": "json", "event": {"type": 2, "id": 3}}),
        ("profile: p\nevent: {id: 3, type: 4}", {"body": "json", "event": {"id": 3, "type": 4}}),
        ("profile: p\nverify: none", {"body": "json", "event": EVENT, "verify": "none"}),
        (
            "profile: p\nreply: {body: x}",
            {"body": "json", "event": EVENT, "reply": {"body": "x"}},
        ),
        ("profile: p\nevent: null", {"body": "json", "event": None}),
    ],
)
def test_own_keys_override_the_profiles(own: str, merged: dict[str, object]) -> None:
    shipped = node("about: {title: x}\nbody: json\nevent: {id: 1, type: 2}\n")
    assert plain(merge(shipped, node(own))) == {"profile": "p", **merged}


def test_what_comes_from_the_profile_has_the_position_where_the_file_names_it() -> None:
    own = node("source: s\n\nprofile: p\nreply: {body: x}\n")
    merged = merge(node("body: json\nreply: {type: a/b}\n"), own)
    body, reply = merged.get("body"), merged.get("reply")
    assert body is not None
    assert isinstance(reply, Mapping)
    assert (body.line, body.column) == (3, 1)
    assert (reply.line, reply.column) == (4, 8)
    assert [(key.text, key.line) for key, _ in reply.entries] == [("type", 3), ("body", 4)]


def test_a_profile_may_build_on_another() -> None:
    kommo, amocrm = PROFILES["kommo"].node, PROFILES["amocrm"].node
    same = ("methods", "body", "verify", "split", "event")
    for key in same:
        theirs, ours = amocrm.get(key), kommo.get(key)
        assert theirs is not None
        assert ours is not None
        assert plain(ours) == plain(theirs)
    assert PROFILES["kommo"].title == "Kommo"
