"""Every call that the shipped samples make, as it goes out: of the tests in mappings/ and in the cookbook.

`python -m tests.support.traffic` writes it to `tests/dispatch/traffic.txt` again, for a change that is meant.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bridge.dispatch.http.client import Client
from bridge.dispatch.http.transport import Transport
from bridge.mapping.author.examples import run_example
from bridge.mapping.compile.compiler import Compiled, compile_files
from bridge.model import Account, BotStart, Call, State
from tests.dispatch.server import Peer, serving

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "tests" / "dispatch" / "traffic.txt"
_SECRET = re.compile(r"\$\{(\w+)\}")
_JOB = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMES = {("yaml", ""): "shop.yml", ("yaml", "accounts"): "accounts.yml"}


def traffic() -> str:
    """A heading per sample, then its requests."""
    with serving(_answer) as server, asyncio.Runner() as runner:
        client = Client(Transport())
        for title, start, account in calls():
            server.requests.append(f"### {title}\n".encode())
            to = Account(account, "sample-token", f"http://127.0.0.1:{server.port}")
            runner.run(client.send(to, _call(start)))
        client.close()
        sent = [one.replace(b"\r\n", b"\n").decode() for one in server.requests]
        return "\n".join(sent).replace(f"127.0.0.1:{server.port}", "leadconverter")


def calls() -> Iterator[tuple[str, BotStart, str]]:
    """Sample, start and account of every call, in order."""
    shipped = {path.name: path.read_bytes() for path in sorted((ROOT / "mappings").glob("*.yml"))}
    shipped |= {f"samples/{path.name}": path.read_bytes() for path in (ROOT / "mappings/samples").iterdir()}
    yield from _of("mappings", shipped)
    for title, job in _JOB.findall((ROOT / "docs" / "cookbook.md").read_text()):
        yield from _of(
            title, {_NAMES.get((kind, name), name): text.encode() for kind, name, text in _BLOCK.findall(job)}
        )


def _of(title: str, files: Mapping[str, bytes]) -> Iterator[tuple[str, BotStart, str]]:
    for mapping in _compiled(files).sources.values():
        for example in mapping.tests:
            result = run_example(mapping, example, lambda name: files[name].removesuffix(b"\n"))
            yield from ((f"{title}: {example.name}", start, start.account) for start in result.starts)


def _compiled(files: Mapping[str, bytes]) -> Compiled:
    texts = {path: data for path, data in files.items() if path.endswith(".yml")}
    names = {name for text in texts.values() for name in _SECRET.findall(text.decode())}
    return compile_files(texts, dict.fromkeys(names, "0123456789abcdef") | {"LEADCONVERTER_TOKEN": "t"})


def _call(start: BotStart) -> Call:
    now = int(time.time() * 1000)
    return Call(
        1, 1, "shop", start, State.SENDING, 1, 0, 0, 0, "", now, now, now + 60_000, 0, had_uncertain=False
    )


def _answer(peer: Peer) -> None:
    while True:
        peer.read()
        peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


if __name__ == "__main__":
    KEPT.write_text(traffic(), encoding="utf-8")
