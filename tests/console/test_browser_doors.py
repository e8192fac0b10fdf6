"""The door in a real browser: login, refusal, links from other sites; and what the script adds."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import Open
from tests.support.browser import Watched
from tests.support.processes import Installation, installation

pytestmark = pytest.mark.thorough
PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A web process whose console has a password."""
    words = {"BRIDGE_CONSOLE_PASSWORD": PASSWORD, "BRIDGE_WORKERS": "1", "LEADCONVERTER_TOKEN": "t"}
    with installation(tmp_path_factory.mktemp("locked"), "sqlite:///var/bridge.db", **words) as bridge:
        (bridge.mappings / "shop.yml").write_text("source: shop\nprofile: json\nverify: none\nrules: []\n")
        assert bridge.command("migrate").returncode == 0
        bridge.start(sandbox=False, verb="serve")
        yield bridge


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(locale="en") as context:
        watched = Watched(context)
        yield watched.page()
        assert watched.complaints == []


def test_a_wrong_password_is_refused_and_the_right_one_leads_to_the_page_that_was_asked_for(
    locked: Installation, page: Page
) -> None:
    page.goto(f"http://127.0.0.1:{locked.port}/console/audit")
    for password, heading in (("guess", "Log in"), (PASSWORD, "Audit")):
        page.get_by_label("Your name").fill("anna")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    expect(page.locator(".who")).to_contain_text("anna")
    page.get_by_role("button", name="Log out").click()
    page.goto(f"http://127.0.0.1:{locked.port}/console/audit")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")


def test_who_is_logged_in_stays_so_when_a_link_on_another_site_leads_here(
    locked: Installation, page: Page
) -> None:
    console = f"http://127.0.0.1:{locked.port}/console/"
    page.goto(console)
    page.get_by_label("Your name").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    with other_site(f'<a href="{console}audit">to the audit</a>') as url:
        page.goto(url)
        page.get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Audit")


def test_another_sites_form_changes_nothing_and_its_frame_stays_empty(
    locked: Installation, browser: Browser
) -> None:
    console = f"http://127.0.0.1:{locked.port}/console/"
    form = f'<form method="post" action="{console}preferences"><button>go</button></form>'
    framed = f'<iframe src="{console}login"></iframe>'
    with other_site(form + framed) as url, browser.new_context(locale="en") as context:
        page = context.new_page()
        page.goto(url)
        assert page.frames[1].locator("form").count() == 0
        page.get_by_role("button").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Request from another site")


def test_figures_renew_themselves_while_one_looks(visit: Open, bridge: Installation) -> None:
    page = visit("/")
    expect(page.locator(".live td .badge")).to_have_text("Sending")
    assert bridge.command("pause", "account", "main", "--why", "lunch").returncode == 0
    expect(page.locator(".live td .badge")).to_have_text("Paused")
    page.get_by_role("button", name="Live").click()
    expect(page.get_by_role("button", name="Live")).to_have_attribute("aria-pressed", "false")


def test_times_are_shown_in_the_viewers_zone_with_the_exact_instant_behind(
    visit: Open, bridge: Installation
) -> None:
    for verb in ("pause", "resume"):
        bridge.command(verb, "account", "main", "--why", "lunch")
    page = visit("/audit", timezone_id="Asia/Vladivostok")
    exact = str(page.locator("td time").first.get_attribute("title"))
    assert "GMT+10:00" in exact
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", exact)


@contextlib.contextmanager
def other_site(html: str) -> Iterator[str]:
    """A page under another name than the console's."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            """Silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
