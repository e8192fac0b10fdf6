"""What the author of a mapping file does with a draft: every placeholder gets its value."""

from __future__ import annotations

import re

from bridge.language.placeholder import FILL_IN

PUBLIC_URL = "https://bridge.example/hooks/s"
VALUES = {
    "bot_id": "4512",
    "subscriber_id": "{value: 778899}",
    "channel_id": '"100"',
    "public_url": PUBLIC_URL,
}


def filled(text: str) -> str:
    """The draft with a value of each key that it leaves open; no placeholder may be left."""
    done = re.sub(rf"\b(\w+): {FILL_IN}", lambda found: f"{found[1]}: {VALUES[found[1]]}", text)
    assert FILL_IN not in done
    return done
