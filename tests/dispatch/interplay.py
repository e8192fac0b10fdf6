"""What happens to a call of an errand, by its state and by what is done: the cells, and the page of them.

`make docs` writes docs/development/interplay.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "development" / "interplay.md"
STATES = {
    "waiting": "it is not due yet",
    "due": "it is due, and no dispatcher has released it yet",
    "queued": "it can be sent",
    "claimed": "a process has taken it and not begun to send it, as earlier versions did",
    "sending": "its request is under way",
    "uncertain": "it may have run",
}


class Cell(NamedTuple):
    """What happens, in a sentence and as the test of the cell checks it."""

    sentence: str
    after: str
    """The states of all calls just after it, oldest call first."""
    end: str
    """The same when time has passed, and dispatchers and LeadConverter have done their part."""
    runs: int
    """How often LeadConverter got a request."""
    why: str = ""
    """The reason of the first call just after it."""


_CANCELLED = "It is cancelled, “by event N”, and never sent."
_REPLACED = "It is cancelled, “replaced by call N”; the new call has its own content and due time."
_HELD = "It is queued at its time and not sent while the pause lasts."
_BESIDE = "It is left alone, and the new call is added."
_GONE = "It is queued at its time, and stays queued until a mapping file has its account again."
_NO_ACCOUNT = "It stays queued until a mapping file has its account again."
_SAME = "Nothing changes; what is sent is what was rendered when its event came."
_LIVE = "Nothing is added: its event has a call that is not final."
_KEPT = "Nothing of it is deleted: call, event, body and the row of its key stay."
_UNCERTAIN = "It stays uncertain until a person or its account's policy decides."
_LAPSES = "Its lease ends, it is queued again"

CELLS: dict[str, tuple[str, dict[str, Cell]]] = {
    "cancel": (
        "An event cancels its key.",
        {
            "waiting": Cell(_CANCELLED, "cancelled", "cancelled", 0, "cancelled by event 2"),
            "due": Cell(_CANCELLED, "cancelled", "cancelled", 0, "cancelled by event 2"),
            "queued": Cell(_CANCELLED, "cancelled", "cancelled", 0, "cancelled by event 2"),
            "claimed": Cell(_CANCELLED, "cancelled", "cancelled", 0, "cancelled by event 2"),
            "sending": Cell(
                "Too late: it is sent, and both stories say so. If it did not run, it is cancelled.",
                "sending",
                "done",
                1,
            ),
            "uncertain": Cell(
                "It stays uncertain and is not resent automatically; a person decides.",
                *("uncertain", "uncertain", 1),
            ),
        },
    ),
    "replace": (
        "An event of its rule starts the key again, with `again: replace`.",
        {
            "waiting": Cell(_REPLACED, "cancelled waiting", "cancelled done", 1, "replaced by call 2"),
            "due": Cell(_REPLACED, "cancelled waiting", "cancelled done", 1, "replaced by call 2"),
            "queued": Cell(_REPLACED, "cancelled waiting", "cancelled done", 1, "replaced by call 2"),
            "claimed": Cell(_REPLACED, "cancelled waiting", "cancelled done", 1, "replaced by call 2"),
            "sending": Cell(_BESIDE, "sending waiting", "done done", 2),
            "uncertain": Cell(_BESIDE, "uncertain waiting", "uncertain done", 2),
        },
    ),
    "pause": (
        "Its source is paused; a paused rule or account is the same.",
        {
            "waiting": Cell(_HELD, "waiting", "queued", 0),
            "due": Cell(_HELD, "waiting", "queued", 0),
            "queued": Cell("It is not sent while the pause lasts.", "queued", "queued", 0),
            "claimed": Cell(f"{_LAPSES}, and not sent while the pause lasts.", "claimed", "queued", 0),
            "sending": Cell("Its request goes on, and its answer counts.", "sending", "done", 1),
            "uncertain": Cell(_UNCERTAIN, "uncertain", "uncertain", 1),
        },
    ),
    "resume": (
        "The pause of its source ends.",
        {
            "waiting": Cell("It is sent at its time.", "waiting", "done", 1),
            "due": Cell("It is queued during the pause, and sent after it.", "queued", "done", 1),
            "queued": Cell("It is sent.", "queued", "done", 1),
            "claimed": Cell(f"{_LAPSES}, and sent.", "claimed", "done", 1),
            "sending": Cell("Its request goes on, and its answer counts.", "sending", "done", 1),
            "uncertain": Cell(_UNCERTAIN, "uncertain", "uncertain", 1),
        },
    ),
    "reload": (
        "Its rule is changed, then removed, and the mapping files are read again.",
        {
            "waiting": Cell(_SAME, "waiting", "done", 1),
            "due": Cell(_SAME, "waiting", "done", 1),
            "queued": Cell(_SAME, "queued", "done", 1),
            "claimed": Cell(_SAME, "claimed", "done", 1),
            "sending": Cell(_SAME, "sending", "done", 1),
            "uncertain": Cell(_SAME, "uncertain", "uncertain", 1),
        },
    ),
    "account gone": (
        "No mapping file has its account any more.",
        {
            "waiting": Cell(_GONE, "waiting", "queued", 0),
            "due": Cell(_GONE, "waiting", "queued", 0),
            "queued": Cell(
                "It stays queued until a mapping file has its account again.", "queued", "queued", 0
            ),
            "claimed": Cell(f"{_LAPSES}, and stays queued.", "claimed", "queued", 0),
            "sending": Cell("Its request goes on, and its answer counts.", "sending", "done", 1),
            "uncertain": Cell(_UNCERTAIN, "uncertain", "uncertain", 1),
        },
    ),
    "replay": (
        "A person replays its event.",
        {
            "waiting": Cell(_LIVE, "waiting", "done", 1),
            "due": Cell(_LIVE, "waiting", "done", 1),
            "queued": Cell(_LIVE, "queued", "done", 1),
            "claimed": Cell(_LIVE, "claimed", "done", 1),
            "sending": Cell(_LIVE, "sending", "done", 1),
            "uncertain": Cell(_LIVE, "uncertain", "uncertain", 1),
        },
    ),
    "purge": (
        "Everything that is final is purged, however young.",
        {
            "waiting": Cell(_KEPT, "waiting", "done", 1),
            "due": Cell(_KEPT, "waiting", "done", 1),
            "queued": Cell(_KEPT, "queued", "done", 1),
            "claimed": Cell(_KEPT, "claimed", "done", 1),
            "sending": Cell(_KEPT, "sending", "done", 1),
            "uncertain": Cell(_KEPT, "uncertain", "uncertain", 1),
        },
    ),
    "kill": (
        "All processes are killed, and the only dispatcher starts again.",
        {
            "waiting": Cell("It is sent at its time.", "waiting", "done", 1),
            "due": Cell("It is released and sent.", "waiting", "done", 1),
            "queued": Cell("It is sent.", "queued", "done", 1),
            "claimed": Cell("It is queued at once, and sent.", "queued", "done", 1),
            "sending": Cell("It is uncertain: its answer is lost.", "uncertain", "uncertain", 1),
            "uncertain": Cell(_UNCERTAIN, "uncertain", "uncertain", 1),
        },
    ),
    "clock": (
        "The database's clock jumps ahead by two hours while the dispatcher runs.",
        {
            "waiting": Cell("It is not released until a person trusts the clock.", "waiting", "waiting", 0),
            "due": Cell("It is not released until a person trusts the clock.", "waiting", "waiting", 0),
            "queued": Cell("It is sent as ever.", "queued", "done", 1),
            "claimed": Cell("Its lease seems over, so it is queued at once, and sent.", "queued", "done", 1),
            "sending": Cell(
                "It is uncertain, as its lease seems over, until its answer comes.", "uncertain", "done", 1
            ),
            "uncertain": Cell(_UNCERTAIN, "uncertain", "uncertain", 1),
        },
    ),
}
"""By what is done: what that is, and a cell for each state."""

_HEAD = """# A call of an errand: what happens in each state

A call has a key (`key`), and something happens while it is in a state. Each cell has a test on both
databases: `tests/dispatch/test_interplay.py`. `make docs` makes this page from the table of the tests.

"""


def page() -> str:
    """The whole page."""
    states = "".join(f"- **{name}**: {about}\n" for name, about in STATES.items())
    return _HEAD + states + "".join(_section(name, *CELLS[name]) for name in CELLS)


def _section(name: str, about: str, cells: dict[str, Cell]) -> str:
    rows = "".join(f"| {state} | {cells[state].sentence} |\n" for state in STATES)
    return f"\n## {name.capitalize()}\n\n{about}\n\n| the call is | what happens |\n|---|---|\n{rows}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
