"""`signature:`, made with the sender's private key and checked with a public one.

Needs the optional extra `asymmetric` (the package cryptography): the only module that imports it.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.language.schema import Fields
from bridge.webhook.check import Check
from bridge.webhook.setup import Setup


def compile_asymmetric(fields: Fields, setup: Setup) -> Check | None:
    """`signature:`"""
    setup.report.add(fields.node, "M110", "signatures with a public key are not available yet")
    return None


Verifier = Callable[[bytes, bytes], bool]
