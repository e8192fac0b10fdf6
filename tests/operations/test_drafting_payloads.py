"""A draft of the default choices starts its bot, for every reference payload (BRIDGE_PAYLOADS)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.operations.authoring.draft import draft, events_in
from bridge.operations.authoring.mapping_files import compile_text
from bridge.operations.authoring.pick_values import Chosen, inferred_choices
from bridge.operations.authoring.try_payload import try_request
from bridge.settings import load
from bridge.webhook.source import Accepted
from tests.operations.given import ENVIRONMENT
from tests.webhook.test_reference_payloads import CASES, needs_payloads
from tests.webhook.test_reference_payloads import load as sample_of

EVENTS = [name for name, case in CASES.items() if case.outcome is Accepted]


@needs_payloads
@pytest.mark.parametrize("name", EVENTS)
def test_the_default_choices_of_a_real_payload_start_one_bot_per_event(name: str, tmp_path: Path) -> None:
    settings = load(
        {**ENVIRONMENT, "BRIDGE_MAPPINGS": str(tmp_path), "BRIDGE_PUBLIC_URL": "https://b.example"}
    )
    profile, request = CASES[name].profile, sample_of(name).request
    for event in events_in(settings, "made", profile, request):
        choices = inferred_choices(event)
        chosen = Chosen(event, choices, 4512)
        if not any(one.role == "subscriber_id" for one in choices):
            chosen = replace(chosen, fixed=(("subscriber_id", 778899),))
        made = draft(settings, "made", profile, request, chosen)
        assert "FILL_IN" not in made.text
        alone = compile_text(settings, str(tmp_path / "made.yml"), made.text.encode())
        assert alone.mapping is not None, alone.findings
        assert [one.code for one in alone.findings if one.code not in ("W501", "W510")] == []
        tried = try_request(alone.mapping, request, alone.accounts, 0)
        assert [one.event.id for one in tried if one.calls].count(event.id) == 1
