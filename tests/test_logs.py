import json
import logging

from bridge.logs import JsonLines, RateLimitedLog, TextLines, set_up


def record(message: str, *values: object) -> logging.LogRecord:
    made = logging.LogRecord("bridge.dispatch.worker", logging.INFO, "", 0, message, values, None)
    made.created, made.msecs = 1778423291.5, 500.0
    return made


def test_a_text_line_names_time_level_and_place() -> None:
    line = TextLines().format(record("%d calls claimed", 12))
    assert line == "2026-05-10 14:28:11 INFO    dispatch.worker: 12 calls claimed"


def test_a_value_cannot_forge_a_second_line() -> None:
    line = TextLines().format(record("refused from %s", "x\n2026-05-10 ERROR all is lost\x1b[2J"))
    assert "\n" not in line
    assert line.endswith(r"refused from x\n2026-05-10 ERROR all is lost\x1b[2J")


def test_a_json_line_is_one_object() -> None:
    line = JsonLines().format(record('refused from "%s"\n', "Касса"))
    assert json.loads(line) == {
        "at": "2026-05-10T14:28:11.500Z",
        "level": "info",
        "from": "dispatch.worker",
        "message": 'refused from "Касса"\n',
    }
    assert "\n" not in line


def test_urllib3_never_writes_paths_since_the_token_is_in_them() -> None:
    before = logging.root.handlers[:], logging.root.level
    try:
        set_up("text")
        assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)
    finally:
        logging.root.handlers[:], level = before
        logging.root.setLevel(level)


def test_what_happens_all_the_time_is_logged_now_and_then_with_a_count() -> None:
    said: list[str] = []
    now = 0.0
    limited = RateLimitedLog(lambda form, text: said.append(form % text), every=5.0, clock=lambda: now)
    for kind in ("disk", "disk", "database", "disk"):
        limited(kind, f"{kind} trouble")
    now = 5.0
    limited("disk", "disk trouble")
    now = 10.0
    limited("disk", "disk trouble")
    assert said == [
        "disk trouble",
        "database trouble",
        "disk trouble (2 more like this before)",
        "disk trouble",
    ]
