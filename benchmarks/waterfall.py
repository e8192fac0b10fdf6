"""Where the time goes: processor microseconds of each step, per webhook and per call, in this process alone.

python -m benchmarks.waterfall

Each figure is the least of many repeats, by the thread's own clock, so that a busy machine changes little.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from uvicorn import Config
from uvicorn.server import ServerState

from benchmarks.common import shop
from benchmarks.common.api import standing_in
from benchmarks.common.report import machine, table
from benchmarks.sizes import delivery
from bridge.dispatch.http.client import Client
from bridge.dispatch.http.transport import Transport
from bridge.intake import Intake
from bridge.mapping.compile.compiler import compile_files
from bridge.mapping.rules.apply import MappingFile, apply
from bridge.model import Account, Attempt, Call, Outcome, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.settings import Proxies
from bridge.store.db.engine import Store, open_store
from bridge.store.inbox import events
from bridge.store.inbox.events import Delivery, Stored
from bridge.store.queue import calls, claims, pauses
from bridge.store.queue.calls import Settlement
from bridge.web.asgi_messages import Message, Receive, Scope, Send, respond
from bridge.web.protocol import Protocol
from bridge.web.webhooks import Webhooks

One = TypeVar("One")
ANSWERED = Reason(CallCode.ANSWERED, status=200)
REPEATS = 60
ROUND = 32
"""Calls in a round of a busy dispatcher: half of its senders."""
NOW = 1_800_000_000_000


def main(words: list[str] | None = None) -> int:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__).parse_args(words)
    mapping = _mapping()
    make = shop.Orders("order-step").requests("bridge", "/hooks/shop")
    with tempfile.TemporaryDirectory() as folder:
        print(machine(Path(folder)))
        steps = {**_served(make), **_taken_in(mapping, make), **_stored(folder, mapping, make), **_sent()}
    print(table(("step", "us"), [(name, f"{cost * 1e6:,.0f}") for name, cost in steps.items()]))
    return 0


def least(work: Callable[[Sequence[One]], object], fresh: Callable[[], Sequence[One]]) -> float:
    """Seconds of processor time for one of the things that `fresh` gives anew for each repeat."""
    best = float("inf")
    for _ in range(REPEATS):
        things = fresh()
        began = time.thread_time()
        work(things)
        best = min(best, (time.thread_time() - began) / len(things))
    return best


def _mapping() -> MappingFile:
    files = {"shop.yml": shop.mapping().encode(), "accounts.yml": shop.ACCOUNTS.encode()}
    return compile_files(files, {"SHOP_SECRET": shop.SECRET, "LEADCONVERTER_TOKEN": "benchmark"}).sources[
        "shop"
    ]


def _served(make: Callable[[int], bytes]) -> dict[str, float]:
    """What uvicorn does around the application, without sockets."""
    raw = [make(number) for number in range(50)]

    async def empty(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await respond(send, 200, b"OK", "text/plain")

    def serve(some: Sequence[bytes]) -> None:
        asyncio.run(_serve(empty, some))

    return {"read and answered by uvicorn": least(serve, lambda: raw)}


async def _serve(app: Any, some: Sequence[bytes]) -> None:
    config = Config(app, log_config=None, access_log=False)
    state = ServerState()
    protocol = Protocol(config, state, {}, asyncio.get_running_loop())
    protocol.connection_made(cast(Any, _Nowhere()))
    for one in some:
        protocol.data_received(one)
        while state.tasks:
            await asyncio.sleep(0)


class _Nowhere:
    """A transport that takes everything."""

    def write(self, data: bytes) -> None:
        """Discard it."""

    def get_extra_info(self, name: str) -> None:
        """Nothing is known."""

    def is_closing(self) -> bool:
        return False


def _taken_in(mapping: MappingFile, make: Callable[[int], bytes]) -> dict[str, float]:
    requests = [delivery(mapping, make(number), NOW).request for number in range(50)]
    happened = [mapping.source.events(request, NOW)[0] for request in requests]
    key = shop.SECRET.encode()
    app, scopes = _app(mapping), [_scope(make(number)) for number in range(50)]

    async def receive_all(some: Sequence[tuple[Scope, bytes]]) -> None:
        for scope, body in some:
            await app(scope, _receiving(body), _discard)

    return {
        "HMAC of the body": least(
            lambda some: [hmac.digest(key, one.body, "sha256") for one in some], lambda: requests
        ),
        "the body as JSON": least(lambda some: [json.loads(one.body) for one in some], lambda: requests),
        "proved, decoded and named, these two included": least(
            lambda some: [mapping.source.receive(one, NOW) for one in some], lambda: requests
        ),
        "ten rules": least(lambda some: [apply(mapping, one) for one in some], lambda: happened),
        "all of it by the application, up to the writer": least(
            lambda some: asyncio.run(receive_all(some)), lambda: scopes
        ),
    }


def _app(mapping: MappingFile) -> Webhooks:
    """As `leadbridge serve` has it, but the writer takes everything and writes nothing."""
    mapping_loader = SimpleNamespace(ready=True, current=SimpleNamespace(sources={"shop": mapping}))
    nothing: Any = lambda: ""  # noqa: E731
    intake = Intake(cast(Any, mapping_loader), cast(Any, _Writer()), lambda _: True, nothing, nothing)
    return Webhooks(intake, Proxies(), trust_local=False)


class _Writer:
    async def submit(self, _: Delivery) -> tuple[Stored, ...]:
        return (Stored(1, calls=1, result="matched"),)


def _scope(raw: bytes) -> tuple[Scope, bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = [line.partition(b": ") for line in head.split(b"\r\n")[1:]]
    return {
        "method": "POST",
        "path": "/hooks/shop",
        "query_string": b"",
        "headers": [(name.lower(), value) for name, _, value in lines],
        "client": ("127.0.0.1", 40000),
    }, body


def _receiving(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _discard(_: Message) -> None:
    """A response that nobody reads."""


def _stored(folder: str, mapping: MappingFile, make: Callable[[int], bytes]) -> dict[str, float]:
    numbers = iter(range(10**9))
    with _store(folder) as store:

        def some(many: int) -> list[Delivery]:
            return [delivery(mapping, make(next(numbers)), NOW) for _ in range(many)]

        def commit(deliveries: Sequence[Delivery]) -> None:
            with store.transaction() as connection:
                events.accept(connection, NOW, deliveries)

        steps = {f"stored, {many} in a commit": least(commit, partial(some, many)) for many in (1, 10, 50)}
        return {**steps, **_dispatched(store)}


def _dispatched(store: Store) -> dict[str, float]:
    """One round after the other over what is queued."""
    claiming = settling = float("inf")
    for _ in range(REPEATS):
        began = time.thread_time()
        with store.transaction() as connection:
            ready = claims.ready(connection, NOW, "main", ROUND, pauses.paused_names(connection))
            taken = claims.claim(connection, NOW, "benchmark", ready)
        claimed = time.thread_time()
        with store.transaction() as connection:
            calls.settle(connection, NOW, [_settled(one) for one in taken])
        claiming = min(claiming, (claimed - began) / len(taken))
        settling = min(settling, (time.thread_time() - claimed) / len(taken))
    return {
        f"claimed and marked, {ROUND} in a commit": claiming,
        f"settled, {ROUND} in a commit": settling,
    }


def _settled(call: Call) -> Settlement:
    shown = Attempt(NOW, NOW + 80, Outcome.DONE, ANSWERED, "complete", 200)
    return Settlement(call.id, "benchmark", call.attempt, shown, State.DONE, ANSWERED)


def _sent() -> dict[str, float]:
    mapping = _mapping()
    made = delivery(mapping, shop.Orders("order-step").requests("bridge", "/hooks/shop")(0), NOW)
    start = made.events[0][1].starts[0]
    call = Call(1, 1, "shop", start, State.SENDING, 1, 0, 0, 0, "", NOW, NOW, NOW, 0)
    with standing_in() as api, asyncio.Runner() as runner:
        client = Client(Transport())
        account = Account("main", "benchmark", f"http://127.0.0.1:{api.port}")

        async def send(some: Sequence[Call]) -> None:
            for one in some:
                await client.send(account, one)

        cost = least(lambda some: runner.run(send(some)), lambda: [call] * 30)
        client.close()
    return {"sent over a kept connection, and judged": cost}


@contextmanager
def _store(folder: str) -> Iterator[Store]:
    store = open_store(f"sqlite:///{folder}/bridge.db")
    store.migrate()
    try:
        yield store
    finally:
        store.close()


if __name__ == "__main__":
    sys.exit(main())
