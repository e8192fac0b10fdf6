"""Every page and every change of the console, tried by somebody who must not get there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.web.console.auth.guard import HEADERS
from tests.console.conftest import MakeSite
from tests.console.test_doors import title
from tests.console.tour import OPEN, PAGES, changes, views
from tests.console.visits import Site
from tests.store.given import rows
from tests.support.processes import ROOT

PASSWORD = "a long enough password"
READING = "only for looking"
OWN = {"try_login", "logout", "prefer"}
"""Changes to nothing but one's own session."""
TRYING = {"playground_check", "playground_try"}
"""Forms that keep nothing."""
CANARY = "canary-of-a-file-beside"


@pytest.fixture
def stocked(site: MakeSite, tmp_path: Path) -> Site:
    """A locked console of a bridge that may save files, has taken a payment in and turned one away."""
    folder = tmp_path / "mappings"
    (folder / "samples").mkdir(parents=True)
    for name in ("yookassa.yml", "samples/yookassa-paid.json"):
        (folder / name).write_bytes((ROOT / "mappings" / name).read_bytes())
    (tmp_path / "secret.yml").write_text(CANARY)
    one = site(
        BRIDGE_CONSOLE_PASSWORD=PASSWORD,
        BRIDGE_CONSOLE_READ_PASSWORD=READING,
        BRIDGE_CONSOLE_EDIT="1",
        BRIDGE_SANDBOX="http://127.0.0.1:9",
        LEADCONVERTER_TOKEN="t",
    )
    paid = json.loads((folder / "samples" / "yookassa-paid.json").read_bytes())
    for document in (paid, {**paid, "object": {**paid["object"], "metadata": {}}}):
        assert one.client.post("/hooks/yookassa", json=document).status_code == 200
    elsewhere = {"X-Forwarded-For": "203.0.113.7"}
    assert one.client.post("/hooks/yookassa", json=paid, headers=elsewhere).status_code == 401
    return one


def kept(one: Site) -> list[object]:
    """Everything that a change could have touched."""
    folder = Path(one.side.settings.mappings)
    files = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    tables = ("events", "calls", "actions", "accounts")
    return [files, *(rows(one.side.store, f"SELECT * FROM {table}") for table in tables)]


def test_the_tour_leads_past_every_page(stocked: Site) -> None:
    assert sorted(views(stocked.client.application)) == sorted(PAGES)
    stocked.login(PASSWORD)
    for name, path in PAGES.items():
        assert (path, stocked.get(path).status_code) == (path, 404 if name == "nowhere" else 200)


def test_no_page_shows_anything_to_who_is_not_logged_in(stocked: Site) -> None:
    for name, path in PAGES.items():
        if name in OPEN:
            continue
        answer = stocked.get(path)
        assert (path, answer.status_code) == (path, 303)
        assert answer.location.startswith("/console/login")
        assert (path, stocked.get(path, X_Console="live").status_code) == (path, 403)


def test_whoever_may_look_sees_every_page(stocked: Site) -> None:
    stocked.login(READING)
    for name, path in PAGES.items():
        assert (path, stocked.get(path).status_code) == (path, 404 if name == "nowhere" else 200)


def test_every_page_tells_the_browser_to_frame_run_and_keep_nothing(stocked: Site) -> None:
    stocked.login(PASSWORD)
    for path in PAGES.values():
        headers = stocked.get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
        assert headers["Cache-Control"] == "no-store"


def test_looking_at_every_page_changes_nothing(stocked: Site) -> None:
    stocked.login(PASSWORD)
    before = kept(stocked)
    for path in PAGES.values():
        stocked.get(path)
    assert kept(stocked) == before


def test_no_change_is_made_for_who_is_not_logged_in(stocked: Site) -> None:
    before = kept(stocked)
    for name, path in changes(stocked.client.application):
        if name not in OWN:
            answer = stocked.post(path, {"why": "x"})
            assert (path, answer.status_code, title(answer)) == (path, 403, "The page has expired")
    assert kept(stocked) == before


def test_no_change_is_made_without_the_forms_token(stocked: Site) -> None:
    stocked.login(PASSWORD)
    before = kept(stocked)
    for _, path in changes(stocked.client.application):
        for token in ("", "0" * 64):
            answer = stocked.post(path, {"why": "x", "csrf": token})
            assert (path, answer.status_code, title(answer)) == (path, 403, "The page has expired")
    assert kept(stocked) == before


def test_no_change_is_made_for_another_site(stocked: Site) -> None:
    stocked.login(PASSWORD)
    before = kept(stocked)
    for _, path in changes(stocked.client.application):
        for headers in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
            answer = stocked.post(path, {"why": "x"}, **headers)
            assert (path, answer.status_code, title(answer)) == (path, 403, "Request from another site")
    assert kept(stocked) == before


def test_a_change_is_not_made_by_a_link(stocked: Site) -> None:
    stocked.login(PASSWORD)
    before, token = kept(stocked), stocked.token()
    for _, path in changes(stocked.client.application):
        stocked.get(f"{path}?why=x&csrf={token}&choice=cancel")
    assert kept(stocked) == before


def test_who_may_only_look_changes_nothing_that_is_kept(stocked: Site) -> None:
    stocked.login(READING)
    before = kept(stocked)
    for name, path in changes(stocked.client.application):
        if name in OWN:
            continue
        answer = stocked.post(path, {"why": "x", "choice": "cancel"})
        if name in TRYING:
            assert (path, answer.status_code) == (path, 200)
        else:
            assert (path, answer.status_code, title(answer)) == (path, 403, "Read-only access")
    assert kept(stocked) == before


OUTSIDE = (
    "../secret.yml",
    "..%2fsecret.yml",
    "%2e%2e/secret.yml",
    "samples/../../secret.yml",
    "....//secret.yml",
)
NAMED = (
    "/rules/{}",
    "/playground?source={}",
    "/playground?file={}",
    "/connect/new?profile={}&source=x",
    "/connect/new?profile=json&source={}",
    "/connect/new/file?profile={}&source=x",
    "/connect/to/{}",
    "/connect/to/{}/choose/1",
)


def test_no_name_in_an_address_leads_out_of_the_mapping_folder(stocked: Site) -> None:
    stocked.login(PASSWORD)
    for path in (path.format(name) for path in NAMED for name in OUTSIDE):
        answer = stocked.get(path)
        assert (path, answer.status_code in (200, 404, 409)) == (path, True)
        assert CANARY not in answer.text


def test_a_sample_of_a_tried_text_is_read_from_below_the_mapping_folder_only(stocked: Site) -> None:
    stocked.login(READING)
    for name in ("../secret.yml", "/etc/hostname", "samples/../../secret.yml"):
        text = (
            "source: spy\nprofile: json\nbody: form\nrules:\n"
            "  - {name: r, start: {bot_id: 1, subscriber_id: 1, variables: {all: $}}}\n"
            f"tests:\n  - {{name: t, file: {name}, expect: []}}\n"
        )
        page = stocked.post("/playground", {"text": text}).text
        assert "expected a file below the mapping file&#39;s folder" in page
        assert CANARY not in page


def test_no_file_is_saved_outside_of_the_mapping_folder(stocked: Site, tmp_path: Path) -> None:
    stocked.login(PASSWORD)
    text = "source: evil\nprofile: json\nverify: none\nrules: []\n"
    for name in ("../../evil", "../evil.yml", "/var/evil", "samples/evil"):
        stocked.post("/playground/save", {"text": text, "file": name, "loaded": ""})
        stocked.post("/playground/save", {"text": text.replace("evil", name, 1), "file": "", "loaded": ""})
        stocked.post("/connect/new/save", {"source": name, "profile": "json"})
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*evil*")} <= {"mappings/evil.yml"}
