"""A running bridge with its console, and a browser that looks at it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from jinja2 import FileSystemBytecodeCache
from playwright.sync_api import Browser, Page

from bridge import settings
from bridge.assemble.web import web_side
from bridge.web.console.auth import passwords
from bridge.web.console.auth.passwords import hashed
from bridge.web.flask_app import create_app
from bridge.web.webhooks import Webhooks
from tests.console.visits import Site
from tests.support.asgi import WebhooksOverWsgi
from tests.support.browser import Watched, running_browser
from tests.support.processes import ROOT, Installation, installation

# A tenth of a second for each log in of the suite proves nothing more.
passwords.COST = (2**10, 8, 1)

Open = Callable[..., Page]
MakeSite = Callable[..., Site]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all tests of this process."""
    with running_browser() as running:
        yield running


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """`leadbridge run --sandbox` with the shipped mappings, its console without a password."""
    folder = tmp_path_factory.mktemp("console")
    shutil.copytree(ROOT / "mappings", folder / "mappings")
    with installation(folder, "sqlite:///var/bridge.db", BRIDGE_WORKERS="1") as running:
        running.start()
        yield running


@pytest.fixture
def visit(browser: Browser, bridge: Installation) -> Iterator[Open]:
    """`visit("/events", locale="ru", color_scheme="dark")`: a page of the console in a browser of its own.

    Further words are those of Playwright's `new_context`. The test fails when a script failed or the policy
    blocked something.
    """
    with ExitStack() as stack:
        watched: list[Watched] = []

        def opened(path: str, **context: Any) -> Page:
            words = {"locale": "en", "viewport": {"width": 1280, "height": 800}, **context}
            made = Watched(stack.enter_context(browser.new_context(**words)))
            watched.append(made)
            page = made.page()
            page.goto(f"http://127.0.0.1:{bridge.port}/console{path}")
            return page

        yield opened
        assert [complaint for one in watched for complaint in one.complaints] == []


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """The templates that one site has compiled need not be compiled by the next."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def site(tmp_path: Path, sqlite_url: str, compiled: FileSystemBytecodeCache) -> Iterator[MakeSite]:
    """`site(BRIDGE_CONSOLE_PASSWORD="…")`: the console in this process, on an empty database of its own."""
    with ExitStack() as stack:

        def made(**environment: str) -> Site:
            mappings = tmp_path / "mappings"
            mappings.mkdir(exist_ok=True)
            usual = {"DATABASE_URL": sqlite_url, "BRIDGE_MAPPINGS": str(mappings), "BRIDGE_DISK_FLOOR": "0"}
            given = settings.load({**usual, **environment})
            side = web_side(given)
            stack.callback(side.close)
            app = create_app(side, hashed(given.console_password, given.console_read_password))
            app.jinja_env.bytecode_cache = compiled
            webhooks = Webhooks(side.intake, side.settings.proxies, trust_local=side.sandboxed)
            app.wsgi_app = WebhooksOverWsgi(webhooks, app.wsgi_app)  # type: ignore[method-assign]
            return Site(side, app.test_client())

        yield made
