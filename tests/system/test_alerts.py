"""Whoever runs the bridge is told of what needs them, while it runs as it does for its users."""

from __future__ import annotations

import json
from pathlib import Path

from tests.dispatch.server import answering, http, serving
from tests.support.processes import installation
from tests.support.waiting import eventually

ECHO = """
source: echo
profile: json
verify: none
event: {id: $.id, type: $.type}
rules: [{name: start, start: {bot_id: 77, subscriber_id: $.subscriber}}]
"""
ACCOUNTS = """
accounts: {main: {token: '${LEADCONVERTER_TOKEN}'}}
alerts:
  url: ${ALERT_URL}
  start: {bot_id: 99, subscriber_id: 1}
  kinds: [refused]
"""


def test_a_refused_call_is_posted_and_a_bot_tells_of_it_in_the_owners_language(tmp_path: Path) -> None:
    with serving(answering(http("200 OK"))) as server:
        secrets = {
            "LEADCONVERTER_TOKEN": "canary-1",
            "ALERT_URL": f"http://127.0.0.1:{server.port}/canary-2",
            "BRIDGE_LANG": "ru",
        }
        with installation(tmp_path, "sqlite:///var/bridge.db", **secrets) as bridge:
            (bridge.mappings / "echo.yml").write_text(ECHO)
            (bridge.mappings / "accounts.yml").write_text(ACCOUNTS)
            bridge.start()
            bridge.faults(kind="422", times=1)
            sale = {"id": "1", "type": "start", "subscriber": 5}
            assert bridge.post("/hooks/echo", sale).status == 200
            assert eventually(lambda: server.requests, seconds=30), bridge.read_log()
            document = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
            assert (document["alert"], document["count"]) == ("refused", 1)
            assert document["text"].startswith("1 вызов кончился без запуска бота; вызов 1 аккаунта main: ")
            (told, *_) = eventually(
                lambda: [one for one in bridge.calls() if one["bot_id"] == "99"], seconds=30
            )
            assert told["variables"]["text"] == document["text"]
            assert bridge.post("/hooks/alerts", sale).status == 404
            log = bridge.read_log()
            assert "alert: 1 call ended without a bot started; call 1 of account main: answered 422" in log
            assert "canary" not in log
        assert len(server.requests) == 1
