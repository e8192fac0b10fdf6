from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bridge.web.asgi_messages import Message
from bridge.web.bodies import Bodies, EvictedError, IncompleteError, TooLargeError


class Client:
    """Sends a body part by part, when the test says so."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()

    def send(self, part: bytes, *, more: bool = True) -> None:
        self.messages.put_nowait({"type": "http.request", "body": part, "more_body": more})

    @property
    def receive(self) -> Callable[[], Awaitable[Message]]:
        return self.messages.get


def test_a_body_in_parts_is_one_body() -> None:
    async def scenario() -> None:
        client, bodies = Client(), Bodies()
        for part in (b"a", b"b"):
            client.send(part)
        client.send(b"c", more=False)
        assert await bodies.read(client.receive, ()) == b"abc"
        assert (bodies._held, bodies._reading) == (0, {})

    asyncio.run(scenario())


def test_the_oldest_incomplete_body_makes_room_for_others() -> None:
    async def scenario() -> None:
        bodies, slow, slower, honest = Bodies(limit=1000), Client(), Client(), Client()
        first = asyncio.create_task(bodies.read(slow.receive, ()))
        slow.send(b"x" * 600)
        await asyncio.sleep(0.01)
        second = asyncio.create_task(bodies.read(slower.receive, ()))
        slower.send(b"x" * 300)
        await asyncio.sleep(0.01)
        third = asyncio.create_task(bodies.read(honest.receive, ()))
        honest.send(b"x" * 100)
        honest.send(b"x" * 200)
        with pytest.raises(EvictedError):
            await first
        honest.send(b"x" * 100, more=False)
        assert len(await third) == 400
        assert not second.done()
        slower.send(b"", more=False)
        assert len(await second) == 300
        assert bodies._held == 0

    asyncio.run(scenario())


def test_a_client_that_closes_and_a_body_that_is_too_large_leave_nothing_behind() -> None:
    async def scenario() -> None:
        bodies, closing, endless = Bodies(), Client(), Client()
        closing.send(b"a")
        closing.messages.put_nowait({"type": "http.disconnect"})
        with pytest.raises(IncompleteError):
            await bodies.read(closing.receive, ())
        for _ in range(9):
            endless.send(b"x" * (1 << 17))
        with pytest.raises(TooLargeError):
            await bodies.read(endless.receive, ())
        assert (bodies._held, bodies._reading) == (0, {})

    asyncio.run(scenario())
