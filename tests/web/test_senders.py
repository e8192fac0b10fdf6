"""Programs that send webhooks, each against `leadbridge serve`: every body arrives byte for byte."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import httpx
import pytest
import requests

from bridge.store.db.engine import open_store
from bridge.store.reports.event_views import EventFilter, StoredEvent, scan
from tests.support.missing import missing
from tests.support.processes import Installation, free_port, installation
from tests.support.waiting import eventually

SCRIPTS = Path(__file__).parent / "senders"
MAPPING = "source: {0}\nprofile: {0}\nverify: none\ndedup: none\nrules: []\n"
SMALL = json.dumps({"name": "Мария 🎁", "sum": 1.50}, ensure_ascii=False).encode()
LARGE = b'{"text":"' + b"x" * ((1 << 20) - 11) + b'"}'
"""A whole mebibyte: the largest body that is accepted."""
FILE = bytes(range(256)) * 400
JSON = {"Content-Type": "application/json"}
USUAL = {"small", "again", "large"}
"""The cases of every sender. `again` is sent by the same client, so that it may keep the connection."""
NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_max_body_size 2m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream kept {{ server 127.0.0.1:{port}; keepalive 8; }}
  server {{ listen 127.0.0.1:{plain}; location / {{ proxy_pass http://127.0.0.1:{port}; }} }}
  server {{
    listen 127.0.0.1:{keepalive};
    location / {{ proxy_pass http://kept; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""


def url(base: str, case: str, source: str = "json") -> str:
    return f"{base}/hooks/{source}?case={case}&name=Мария"


def run(*words: str) -> str:
    if not shutil.which(words[0]):
        missing(f"NO SENDER: {words[0]} is not installed")
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def curl(base: str, folder: Path) -> None:
    def send(*cases: str, file: str, source: str = "json", words: tuple[str, ...] = ()) -> str:
        content = ("--data-binary", f"@{folder}/{file}", "-H", "Content-Type: application/json")
        form = ("-F", "name=Мария", "-F", f"file=@{folder}/{file}")
        urls = [url(base, case, source) for case in cases]
        sent = form if source == "form" else content
        return run("curl", "-sS", "-w", " %{num_connects}\n", *words, *sent, *urls)

    assert send("small", "again", file="small.json") == "OK 1\nOK 0\n"
    assert send("large", file="large.json") == "OK 1\n"
    assert send("chunked", file="large.json", words=("-H", "Transfer-Encoding: chunked")) == "OK 1\n"
    assert send("expect", file="small.json", words=("-H", "Expect: 100-continue")) == "OK 1\n"
    assert send("old", file="small.json", words=("--http1.0",)) == "OK 1\n"
    assert send("upgrade", file="large.json", words=("--http2",)) == "OK 1\n"
    assert send("multipart", file="file.bin", source="form") == "OK 1\n"


def wget(base: str, folder: Path) -> None:
    def send(*cases: str, file: str) -> None:
        urls = [url(base, case) for case in cases]
        content = (f"--post-file={folder}/{file}", "--header=Content-Type: application/json")
        assert run("wget", "-qO-", "--tries=1", *content, *urls) == "OK" * len(cases)

    send("small", "again", file="small.json")
    send("large", file="large.json")


def node(base: str, folder: Path) -> None:
    run("node", str(SCRIPTS / "fetch.mjs"), base, str(folder))


def php(base: str, folder: Path) -> None:
    if shutil.which("php") and "curl" not in run("php", "-m").split():
        missing("NO SENDER: PHP has no cURL")
    run("php", str(SCRIPTS / "curl.php"), base, str(folder))


def java(base: str, folder: Path) -> None:
    run(
        "java",
        "-XX:TieredStopAtLevel=1",
        "-Dfile.encoding=UTF-8",
        str(SCRIPTS / "Send.java"),
        base,
        str(folder),
    )


def python_requests(base: str, _folder: Path) -> None:
    with requests.Session() as client:
        for case, body in bodies():
            assert client.post(url(base, case), data=body, headers=JSON).text == "OK"
        target = url(base, "multipart", "form")
        assert client.post(target, data={"name": "Мария"}, files={"file": ("file.bin", FILE)}).text == "OK"


def python_httpx(base: str, _folder: Path) -> None:
    with httpx.Client() as client:
        for case, body in bodies():
            assert client.post(url(base, case), content=body, headers=JSON).text == "OK"
        target = url(base, "multipart", "form")
        assert client.post(target, data={"name": "Мария"}, files={"file": ("file.bin", FILE)}).text == "OK"


def bodies() -> Iterator[tuple[str, bytes | Iterator[bytes]]]:
    yield "small", SMALL
    yield "again", SMALL
    yield "large", LARGE
    yield "chunked", iter([SMALL, b" "])


def python_aiohttp(base: str, _folder: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield SMALL
        yield b" "

    async def send(client: aiohttp.ClientSession, case: str, body: object, *, expect: bool = False) -> None:
        form = isinstance(body, aiohttp.FormData)
        target, headers = url(base, case, "form" if form else "json"), {} if form else JSON
        async with client.post(target, data=body, headers=headers, expect100=expect) as answer:
            assert await answer.text() == "OK"

    async def send_all() -> None:
        form = aiohttp.FormData({"name": "Мария"})
        form.add_field("file", FILE, filename="file.bin")
        async with aiohttp.ClientSession() as client:
            await send(client, "small", SMALL)
            await send(client, "again", SMALL)
            await send(client, "large", LARGE)
            await send(client, "chunked", chunks())
            await send(client, "expect", SMALL, expect=True)
            await send(client, "multipart", form)
        async with aiohttp.ClientSession(version=aiohttp.HttpVersion10) as client:
            await send(client, "old", SMALL)

    asyncio.run(send_all())


Sender = Callable[[str, Path], None]
SENDERS: dict[Sender, set[str]] = {
    curl: {*USUAL, "chunked", "expect", "old", "upgrade", "multipart"},
    wget: USUAL,
    node: {*USUAL, "chunked", "multipart"},
    php: {*USUAL, "chunked", "expect", "old", "multipart"},
    java: {*USUAL, "chunked", "expect"},
    python_requests: {*USUAL, "chunked", "multipart"},
    python_httpx: {*USUAL, "chunked", "multipart"},
    python_aiohttp: {*USUAL, "chunked", "expect", "old", "multipart"},
}
"""Each with its cases."""


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("senders")
    shutil.copy(sqlite_template, folder / "bridge.db")
    with installation(folder, f"sqlite:///{folder}/bridge.db", LEADCONVERTER_TOKEN="t") as made:
        for source in ("json", "form"):
            (made.mappings / f"{source}.yml").write_text(MAPPING.format(source))
        made.start(sandbox=False, verb="serve")
        yield made


@pytest.fixture(scope="module")
def nginx(bridge: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """nginx in front of the bridge: its ports, without and with kept connections to the bridge."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        missing("NO SENDER: nginx is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    ports = {"plain": free_port(), "keepalive": free_port()}
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=bridge.port, **ports))
    with subprocess.Popen([program, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]) as process:
        try:
            assert eventually(lambda: answers(ports["plain"]))
            yield ports
        finally:
            process.terminate()


def answers(port: int) -> bool:
    try:
        return Installation.ask("GET", port, "/healthz").status == 200
    except OSError:
        return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in (("small.json", SMALL), ("large.json", LARGE), ("file.bin", FILE)):
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.__name__)
def test_every_body_arrives_byte_for_byte(bridge: Installation, folder: Path, sender: Sender) -> None:
    check(bridge, bridge.port, folder, sender)


@pytest.mark.thorough
@pytest.mark.parametrize("connection", ["plain", "keepalive"])
@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.__name__)
def test_every_body_arrives_through_nginx(
    bridge: Installation, nginx: dict[str, int], folder: Path, sender: Sender, connection: str
) -> None:
    check(bridge, nginx[connection], folder, sender)


def check(bridge: Installation, port: int, folder: Path, sender: Sender) -> None:
    """Send all cases to this port, and compare what is stored."""
    before = stored(bridge)
    sender(f"http://127.0.0.1:{port}", folder)
    arrived = stored(bridge)[len(before) :]
    assert len(arrived) == len(SENDERS[sender])
    assert {case_of(one) for one in arrived} == SENDERS[sender]
    for one in arrived:
        check_event(one)


def stored(bridge: Installation) -> list[StoredEvent]:
    with closing(open_store(bridge.database_url)) as store, store.read() as connection:
        return list(scan(connection, EventFilter()))


def case_of(stored: StoredEvent) -> str:
    assert stored.event
    assert isinstance(stored.event.query, dict)
    assert stored.event.query["name"] == "Мария"
    return str(stored.event.query["case"])


def check_event(stored: StoredEvent) -> None:
    assert stored.event
    assert stored.request
    body, document = stored.request.body, stored.event.document
    if case_of(stored) == "multipart":
        assert document == {"name": "Мария", "file": "file.bin"}
        assert b"\r\n\r\n" + FILE + b"\r\n--" in body
    else:
        assert body.removesuffix(b" ") in (SMALL, LARGE)
        assert document == json.loads(body)
