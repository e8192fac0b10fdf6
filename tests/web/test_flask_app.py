"""The bridge to Flask: what slow clients and slow pages cost others, and which headers pages see."""

from __future__ import annotations

import asyncio
import time

import pytest
from flask import Flask, request

from bridge.settings import Proxies
from bridge.web import flask_app
from bridge.web.asgi_messages import Message, Scope
from bridge.web.flask_app import THREADS, WAITING, Pages


def scope(path: str) -> Scope:
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
    }


async def never() -> Message:
    await asyncio.Event().wait()
    return {}


async def at_once() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def answer(pages: Pages, path: str, *headers: tuple[bytes, bytes]) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await pages({**scope(path), "headers": headers}, at_once, send)
    return sent


async def status(pages: Pages, path: str) -> int:
    return int((await answer(pages, path))[0]["status"])


def late() -> str:
    time.sleep(0.5)
    return "late"


async def unsent(_: Message) -> None:
    raise AssertionError("nothing is sent to a client whose request is not complete")


@pytest.fixture
def pages() -> Pages:
    app = Flask("slow")
    app.add_url_rule("/quick", "quick", view_func=lambda: "ok", methods=["POST"])
    app.add_url_rule("/slow", "slow", view_func=late, methods=["POST"])
    app.add_url_rule("/from", "from", view_func=lambda: request.headers["X-Forwarded-For"], methods=["POST"])
    return Pages(app, Proxies())


def test_clients_that_do_not_send_their_bodies_use_up_no_requests(pages: Pages) -> None:
    async def attack() -> int:
        slow = [
            asyncio.create_task(pages(scope("/quick"), never, unsent)) for _ in range(2 * (THREADS + WAITING))
        ]
        await asyncio.sleep(0)
        found = await status(pages, "/quick")
        for one in slow:
            one.cancel()
        return found

    assert asyncio.run(attack()) == 200


def test_pages_that_take_too_long_are_given_up_and_their_threads_come_back(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flask_app, "TIMEOUT_S", 0.1)

    async def load() -> tuple[list[int], int]:
        many = await asyncio.gather(*(status(pages, "/slow") for _ in range(2 * (THREADS + WAITING))))
        await asyncio.sleep(1)
        return many, await status(pages, "/quick")

    many, after = asyncio.run(load())
    assert set(many) == {503}
    assert after == 200


def test_a_header_with_an_underscore_is_not_taken_for_the_one_with_a_hyphen(pages: Pages) -> None:
    headers = (b"x-forwarded-for", b"192.0.2.1"), (b"x_forwarded_for", b"192.0.2.2")
    _, *parts = asyncio.run(answer(pages, "/from", *headers))
    assert b"".join(part.get("body", b"") for part in parts) == b"192.0.2.1"
