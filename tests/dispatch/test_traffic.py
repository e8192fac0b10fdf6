"""What LeadConverter gets for the shipped samples stays as it is, byte for byte."""

from __future__ import annotations

from tests.support.traffic import KEPT, traffic


def test_the_calls_of_the_shipped_samples_are_those_that_were_always_sent() -> None:
    assert traffic() == KEPT.read_text(encoding="utf-8")
