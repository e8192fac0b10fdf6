"""Why a webhook was refused or could not be read, and how its sender was verified."""

from __future__ import annotations

from bridge.reasons.reason import Code


class WebhookCode(Code):
    """Why a webhook was refused or could not be read, and how its sender was verified."""
