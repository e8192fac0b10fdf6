"""What the HTTP server rejects by itself, over real sockets: answered, counted, listed, never repeated."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from bridge.reasons.stored import from_text
from bridge.text.render import english
from tests.support.processes import Installation, installation
from tests.support.waiting import eventually

MAPPING = """
source: shop
profile: query
secret: ${SHOP_SECRET}
verify: {token: {path: true}}
methods: [GET, POST]
rules:
  - name: sold
    start: {bot_id: 7, subscriber_id: $.buyer, variables: {name: $.name}}
"""
TOKEN = "tok-canary-1"
HOOK = f"/hooks/shop/{TOKEN}?buyer=778899&name=canary"
HEAD = f"POST {HOOK} HTTP/1.1\r\nHost: bridge\r\nX-Key: canary\r\n"
MANY = "X-M: 1\r\n" * 200
VERSION = "the version of HTTP is not 1.0 or 1.1"
PROTOCOL = "the request line is malformed (Expected HTTP/, RTSP/ or ICE/)"
TYPE = "the header Content-Type is repeated or not valid"
LARGE = "the headers are too many or too long"


@pytest.fixture(scope="module", params=["text", "json"])
def bridge(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    folder: Path = tmp_path_factory.mktemp("rejected")
    settings = {"SHOP_SECRET": TOKEN, "LEADCONVERTER_TOKEN": "t", "BRIDGE_LOG": request.param}
    with ExitStack() as stack:
        one = stack.enter_context(
            installation(folder, f"sqlite:///{folder}/bridge.db", BRIDGE_WORKERS="1", **settings)
        )
        (one.mappings / "shop.yml").write_text(MAPPING)
        one.start()
        yield one


def sent(port: int, data: bytes) -> bytes:
    """The complete response to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as made:
        made.sendall(data)
        made.shutdown(socket.SHUT_WR)
        got = b""
        with suppress(ConnectionResetError):
            while part := made.recv(65536):
                got += part
    return got


def counted(bridge: Installation) -> int:
    """Rejected webhooks, of any source and status."""
    text = bridge.get("/metrics").body.decode()
    return sum(
        int(float(one)) for one in re.findall(r"^leadbridge_webhooks_refused_total\{.*\} (\S+)$", text, re.M)
    )


def kept(bridge: Installation) -> list[tuple[str, int, str]]:
    """Source, status and detail of each refusal that is listed, the newest first."""
    with closing(sqlite3.connect(bridge.folder / "bridge.db")) as connection:
        rows = connection.execute("SELECT source, status, detail FROM refusals ORDER BY id DESC").fetchall()
    return [(source, status, english(from_text(detail))) for source, status, detail in rows]


REJECTED = {
    "raw control character in the target": (
        f"GET {HOOK}\x01 HTTP/1.1\r\nHost: b\r\n\r\n",
        400,
        "the request line is malformed (Invalid char in url query)",
    ),
    "a blank in the target": (f"GET {HOOK} x HTTP/1.1\r\nHost: b\r\n\r\n", 400, PROTOCOL),
    "no version": (f"GET {HOOK}\r\nHost: b\r\n\r\n", 400, VERSION),
    "HTTP/3.0": (
        f"GET {HOOK} HTTP/3.0\r\nHost: b\r\n\r\n",
        400,
        "the request line is malformed (Invalid HTTP version)",
    ),
    "version canary": (f"GET {HOOK} canary/1.1\r\nHost: b\r\n\r\n", 400, PROTOCOL),
    "bare LF": (
        f"GET {HOOK} HTTP/1.1\nHost: b\n\n",
        400,
        "the request line is malformed (Expected CRLF after version)",
    ),
    "too long a line": (
        f"GET {HOOK}&x={'a' * 9000} HTTP/1.1\r\nHost: b\r\n\r\n",
        414,
        "the request line is too long",
    ),
    "too long a header": (f"{HEAD}X-Long: {'a' * 70000}\r\n\r\n", 431, LARGE),
    "too many headers": (f"{HEAD}{MANY}\r\n", 431, LARGE),
    "two content types": (f"{HEAD}Content-Type: a/b\r\nContent-Type: c/canary\r\n\r\n", 400, TYPE),
    "two lengths": (
        f"{HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",
        400,
        "a header is malformed (Duplicate Content-Length)",
    ),
    "length and encoding": (
        f"{HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "a header is malformed (Transfer-Encoding can't be present with Content-Length)",
    ),
    "length that is none": (
        f"{HEAD}Content-Length: canary\r\n\r\n",
        400,
        "a header is malformed (Invalid character in Content-Length)",
    ),
    "unknown encoding": (
        f"{HEAD}Transfer-Encoding: canary\r\n\r\n",
        400,
        "the header Transfer-Encoding is repeated or not valid",
    ),
    "two hosts": (f"{HEAD}Host: canary\r\n\r\n", 400, "the header Host is repeated or not valid"),
    "NUL in a header": (
        f"{HEAD}X-Nul: canary\0\r\n\r\n",
        400,
        "a header is malformed (Invalid header value char)",
    ),
    "a header without a colon": (
        f"{HEAD}canary\r\n\r\n",
        400,
        "a header is malformed (Invalid header token)",
    ),
    "a header's name with a blank": (
        f"{HEAD}X canary: 1\r\n\r\n",
        400,
        "a header is malformed (Invalid header token)",
    ),
    "obsolete folding": (
        f"{HEAD}X-Folded: 1\r\n canary\r\n\r\n",
        400,
        "a header is malformed (Unexpected whitespace after header value)",
    ),
    "an expectation": (f"{HEAD}Expect: canary\r\n\r\n", 417, "the header Expect is not 100-continue"),
    "a broken chunk": (
        f"{HEAD}Transfer-Encoding: chunked\r\n\r\ncanary\r\n",
        400,
        "the body is malformed (Invalid character in chunk size)",
    ),
    "half a body": (f"{HEAD}Content-Length: 100\r\n\r\ncanary", 408, "the request did not arrive whole"),
    "too large a body": (f"{HEAD}Content-Length: 2000000\r\n\r\ncanary", 413, "body too large"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_what_the_server_rejects_is_counted_and_kept(bridge: Installation, case: str) -> None:
    text, status, detail = REJECTED[case]
    time.sleep(1 / 20)  # no more refusals than that are listed in a second
    before, known = counted(bridge), len(kept(bridge))
    answer = sent(bridge.port, text.encode())
    assert int(answer.split(b" ")[1]) == status
    assert b"canary" not in answer
    assert counted(bridge) == before + 1
    assert eventually(lambda: len(kept(bridge)) == known + 1)
    assert kept(bridge)[0] == ("shop", status, detail)
    assert "canary" not in bridge.read_log()
    assert detail in bridge.read_log()


NAMELESS = {
    "a method in small letters": f"canary {HOOK} HTTP/1.1\r\nHost: b\r\n\r\n".encode(),
    "a method of raw bytes": f"GЕT {HOOK} HTTP/1.1\r\nHost: b\r\n\r\n".encode(),
    "an unknown source": b"GET /hooks/canary HTTP/3.0\r\nHost: b\r\n\r\n",
    "no source's name": b"GET /hooks/+canary HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n",
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03canary\r\n\r\n",
    "a proxy's words": b"PROXY TCP4 canary 127.0.0.1 1 2\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("case", NAMELESS)
def test_rejected_requests_without_a_source_are_counted(bridge: Installation, case: str) -> None:
    before = counted(bridge)
    answer = sent(bridge.port, NAMELESS[case])
    assert int(answer.split(b" ")[1]) in (400, 404)
    assert b"canary" not in answer
    assert counted(bridge) == before + 1
    assert "canary" not in bridge.read_log()


RAW = {
    "UTF-8": (f"GET /hooks/shop/{TOKEN}?buyer=1&name=Мария".encode(), "Мария"),
    "percent-encoded": (f"GET /hooks/shop/{TOKEN}?buyer=1&name=%D0%AF".encode(), "Я"),
    "both, and other signs": (f'GET /hooks/shop/{TOKEN}?buyer=1&name=Я%20{{я}}|"'.encode(), 'Я {я}|"'),
}


@pytest.mark.parametrize("case", RAW)
def test_raw_letters_in_a_url_are_read(bridge: Installation, case: str) -> None:
    line, name = RAW[case]
    answer = sent(
        bridge.port, line + f" HTTP/1.1\r\nHost: b\r\nX-Case: {case}\r\nConnection: close\r\n\r\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 200 ")
    calls = json.loads(bridge.command("calls", "--json").stdout)
    assert name in [one["variables"]["name"] for one in calls]
    assert "canary" not in bridge.read_log()


PROXIES = {
    "X-Forwarded-Ssl": "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n",
    "X-Forwarded-Protocol": "X-Forwarded-Proto: http\r\nX-Forwarded-Protocol: ssl\r\n",
    "twice": "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n",
}


@pytest.mark.parametrize("case", PROXIES)
def test_proxies_that_disagree_lose_no_webhook(bridge: Installation, case: str) -> None:
    head = f"GET /hooks/shop/{TOKEN}?buyer=1&name={case} HTTP/1.1\r\nHost: b\r\nConnection: close\r\n"
    assert sent(bridge.port, f"{head}{PROXIES[case]}\r\n".encode()).startswith(b"HTTP/1.1 200 ")


def test_neither_responses_nor_logs_contain_the_target(bridge: Installation) -> None:
    for target in ("/canary?canary=1", "/metrics?canary=1", "/hooks/none/canary?canary"):
        assert b"canary" not in bridge.get(target).body, target
    bridge.get("/console/canary?canary")
    assert "canary" not in bridge.read_log()
