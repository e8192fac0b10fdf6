"""Who comes in, who may change something, and what is tried to get past that."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from types import FrameType, ModuleType

import pytest
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from bridge.reasons.actions import ActionCode
from bridge.reasons.reason import Reason
from bridge.store.reports import audit
from bridge.store.reports.pagination import Page
from bridge.web.console.auth import login_attempts
from tests.console.conftest import MakeSite
from tests.console.visits import Site

PASSWORD = "a long enough password"
READING = "only for looking"


@pytest.fixture
def locked(site: MakeSite) -> Site:
    return site(BRIDGE_CONSOLE_PASSWORD=PASSWORD, BRIDGE_CONSOLE_READ_PASSWORD=READING)


def title(answer: TestResponse) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text)
    return found[1] if found else ""


def reachable(root: object) -> Iterator[object]:
    """Whatever the object holds, however deep, without the modules' own names."""
    found, waiting = {id(root)}, [root]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, ModuleType | FrameType) or (isinstance(one, dict) and "__builtins__" in one):
            continue
        for inner in gc.get_referents(one):
            if id(inner) not in found:
                found.add(id(inner))
                waiting.append(inner)


def test_without_a_password_this_machine_is_let_in(site: MakeSite) -> None:
    assert title(site().get("/")) == "Overview"


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST"])
def test_without_a_password_this_machines_own_names_are_answered(site: MakeSite, host: str) -> None:
    one = site()
    one.host = host
    assert one.get("/").status_code == 200


@pytest.mark.parametrize(
    ("peer", "host", "headers"),
    [
        ("203.0.113.7", "localhost:8080", {}),
        ("10.0.0.1", "localhost:8080", {}),
        ("", "localhost:8080", {}),
        ("127.0.0.1", "evil.example", {}),
        ("127.0.0.1", "localhost.evil.example", {}),
        ("127.0.0.1", "127.0.0.1.evil.example:8080", {}),
        ("127.0.0.1", "localhost:8080", {"X_Forwarded_For": "127.0.0.1"}),
        ("127.0.0.1", "localhost:8080", {"Forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", "localhost:8080", {"X_Real_IP": "127.0.0.1"}),
        ("127.0.0.1", "localhost:8080", {"Via": "1.1 proxy"}),
    ],
)
def test_without_a_password_nobody_else_is(
    site: MakeSite, peer: str, host: str, headers: dict[str, str]
) -> None:
    one = site()
    one.peer, one.host = peer, host
    answer = one.get("/", **headers)
    assert (answer.status_code, title(answer)) == (403, "Only on this machine")
    assert "BRIDGE_CONSOLE_PASSWORD" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_a_local_visitor_gives_a_name_and_keeps_it(site: MakeSite) -> None:
    one = site()
    assert one.login(who="Анна  \n\u202e Ёлкина").status_code == 303
    assert "<span>Анна Ёлкина</span>" in one.get("/").text


def test_with_a_password_every_page_asks_for_it_and_leads_back(locked: Site) -> None:
    answer = locked.get("/audit?before=7")
    assert (answer.status_code, answer.location) == (303, "/console/login?next=/console/audit?before%3D7")
    entered = locked.login(PASSWORD, next="/console/audit?before=7")
    assert (entered.status_code, entered.location) == (303, "/console/audit?before=7")
    assert title(locked.get("/audit")) == "Audit"


def test_a_wrong_password_is_refused_in_words(locked: Site) -> None:
    answer = locked.login("guess")
    assert answer.status_code == 401
    assert "Wrong password" in answer.text
    assert locked.get("/").status_code == 303


def test_a_person_with_the_name_of_the_bridge_is_not_taken_for_it(site: MakeSite) -> None:
    one = site()
    one.login(who=f" {audit.BRIDGE.replace(' ', '  ')}")
    assert "<span>&#34;the bridge&#34;</span>" in one.get("/").text


def test_a_login_without_a_name_is_refused(locked: Site) -> None:
    answer = locked.login(PASSWORD, who=" \u200b ")
    assert (answer.status_code, "Say who you are" in answer.text) == (400, True)


@pytest.mark.parametrize(
    "next_path",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/console/../hooks/x",
        "/console//evil.example",
        "/console/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "",
        "/consolex",
    ],
)
def test_a_login_leads_nowhere_but_into_the_console(locked: Site, next_path: str) -> None:
    assert locked.login(PASSWORD, next=next_path).location == "/console/"


def test_a_password_may_be_given_as_a_scrypt_hash(site: MakeSite) -> None:
    one = site(BRIDGE_CONSOLE_PASSWORD=generate_password_hash(PASSWORD, "scrypt:1024:8:1"))
    assert one.login(PASSWORD).status_code == 303


def test_nothing_that_lives_on_holds_a_password_as_text(locked: Site) -> None:
    assert locked.login(PASSWORD).status_code == 303
    held = list(reachable(locked.client.application))
    assert any(locked.side.settings is one for one in held)
    texts = [one for one in held if isinstance(one, str)]
    assert [text for text in texts if PASSWORD in text or READING in text] == []


def test_a_mapping_file_cannot_come_by_a_password(locked: Site) -> None:
    folder = locked.side.mapping_loader._folder
    (folder / "shop.yml").write_text(
        "source: shop\nprofile: json\nverify: {token: {header: X-Token}}\n"
        "secret: ${BRIDGE_CONSOLE_PASSWORD}\nrules: []\n"
    )
    locked.side.mapping_loader.refresh()
    told = [str(finding) for finding in locked.side.mapping_loader.latest.findings]
    assert any("environment variable BRIDGE_CONSOLE_PASSWORD is not set" in text for text in told)


def test_the_cookie_is_for_the_console_alone_and_no_script_reads_it(locked: Site) -> None:
    (cookie,) = [one for one in locked.login(PASSWORD).headers.getlist("Set-Cookie") if "leadbridge=" in one]
    assert {"HttpOnly", "SameSite=Strict", "Path=/console/", "Max-Age=43200"} < set(cookie.split("; "))
    assert "Secure" not in cookie


def test_the_cookie_is_secure_where_the_public_url_is(site: MakeSite) -> None:
    one = site(BRIDGE_CONSOLE_PASSWORD=PASSWORD, BRIDGE_PUBLIC_URL="https://hooks.example.com")
    assert "; Secure" in one.get("/login").headers["Set-Cookie"]


def test_a_session_prepared_by_somebody_else_is_not_taken_over(locked: Site) -> None:
    before = locked.get("/login").headers["Set-Cookie"]
    prepared = re.findall(r"leadbridge_visit=([^;]+)", before)[0]
    locked.client.set_cookie("leadbridge", prepared, path="/console/")
    assert locked.get("/").status_code == 303
    after = locked.login(PASSWORD).headers.getlist("Set-Cookie")
    assert not any(prepared in cookie for cookie in after)


def test_a_forged_or_changed_cookie_is_nobodys(locked: Site) -> None:
    locked.login(PASSWORD)
    cookie = locked.client.get_cookie("leadbridge", path="/console/")
    assert cookie
    payload, rest = cookie.value.split(".", 1)
    for forged in ("", "x", f"{payload[:-2]}xx.{rest}", f"{cookie.value}x"):
        locked.client.set_cookie("leadbridge", forged, path="/console/")
        assert locked.get("/").status_code == 303


def copied(one: Site, other: Site) -> str:
    """The session of one goes on in the other, too; its cookie."""
    cookie = one.client.get_cookie("leadbridge", path="/console/")
    assert cookie
    other.client.set_cookie("leadbridge", cookie.value, path="/console/")
    return cookie.value


def test_a_session_is_known_to_every_process_and_after_a_restart(site: MakeSite) -> None:
    one, other = (site(BRIDGE_CONSOLE_PASSWORD=PASSWORD) for _ in range(2))
    one.login(PASSWORD)
    copied(one, other)
    assert other.get("/").status_code == 200


def test_another_password_ends_every_session(site: MakeSite) -> None:
    one, other = (site(BRIDGE_CONSOLE_PASSWORD=password) for password in (PASSWORD, f"{PASSWORD}!"))
    one.login(PASSWORD)
    copied(one, other)
    assert other.get("/").status_code == 303


def test_who_logs_out_is_out(locked: Site) -> None:
    locked.login(PASSWORD)
    token = re.findall(r'name="csrf" value="(\w+)"', locked.get("/").text)[0]
    assert (
        locked.client.post("/console/logout", data={"csrf": token}, headers={"Host": locked.host}).location
        == "/console/login"
    )
    assert locked.get("/").status_code == 303


def test_a_copied_cookie_is_of_no_use_after_logging_out_in_any_process(site: MakeSite) -> None:
    one, other = (site(BRIDGE_CONSOLE_PASSWORD=PASSWORD) for _ in range(2))
    one.login(PASSWORD)
    cookie = copied(one, other)
    assert other.get("/").status_code == 200
    one.post("/logout", {})
    one.client.set_cookie("leadbridge", cookie, path="/console/")
    for site_of_either in (one, other):
        assert site_of_either.get("/").status_code == 303
    one.login(PASSWORD)
    assert one.get("/").status_code == 200


def test_who_logged_in_for_looking_changes_nothing_but_their_own_session(locked: Site) -> None:
    locked.login(READING)
    assert "read-only" in locked.get("/").text
    answer = locked.post("/test-change", {})
    assert (answer.status_code, title(answer)) == (403, "Read-only access")
    assert locked.post("/preferences", {"theme": "dark"}).status_code == 303
    assert locked.post("/logout", {}).location == "/console/login"


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Sec_Fetch_Site": "cross-site"}, "Request from another site"),
        ({"Sec_Fetch_Site": "same-site"}, "Request from another site"),
        ({"Origin": "https://evil.example"}, "Request from another site"),
        ({"Origin": "null"}, "Request from another site"),
        ({"Origin": "http://localhost:9999"}, "Request from another site"),
    ],
)
def test_a_change_that_another_site_asks_for_is_refused(
    locked: Site, headers: dict[str, str], words: str
) -> None:
    locked.login(PASSWORD)
    answer = locked.post("/preferences", {"theme": "dark"}, **headers)
    assert (answer.status_code, title(answer)) == (403, words)


def test_a_change_that_a_page_of_the_console_asks_for_is_made(locked: Site) -> None:
    headers = {"Origin": "http://localhost:8080", "Sec_Fetch_Site": "same-origin"}
    assert locked.post("/preferences", {"theme": "dark"}, **headers).status_code == 303
    assert 'data-theme="dark"' in locked.get("/login").text


def test_behind_a_proxy_that_changes_the_host_the_public_url_is_the_origin(site: MakeSite) -> None:
    one = site(BRIDGE_CONSOLE_PASSWORD=PASSWORD, BRIDGE_PUBLIC_URL="https://hooks.example.com")
    # A test client's own cookies are for http only.
    cookie = re.findall(r"leadbridge_visit=([^;]+)", one.get("/login").headers["Set-Cookie"])[0]
    one.headers = {"Cookie": f"leadbridge_visit={cookie}"}
    one.client = one.client.application.test_client(use_cookies=False)
    assert one.post("/preferences", {}, Origin="https://hooks.example.com").status_code == 303
    assert title(one.post("/preferences", {}, Origin="https://evil.example")) == "Request from another site"


@pytest.mark.parametrize("token", ["", "0" * 64, "ж"])
def test_a_change_without_the_forms_token_is_refused(locked: Site, token: str) -> None:
    answer = locked.post("/preferences", {"theme": "dark", "csrf": token})
    assert (answer.status_code, title(answer)) == (403, "The page has expired")


def test_one_visitors_token_is_of_no_use_to_another(site: MakeSite) -> None:
    one, other = (site(BRIDGE_CONSOLE_PASSWORD=PASSWORD) for _ in range(2))
    answer = other.post("/preferences", {"theme": "dark", "csrf": one.token()})
    assert answer.status_code == 403


def test_after_five_wrong_passwords_an_address_has_to_wait_and_another_has_not(site: MakeSite) -> None:
    one, other = (site(BRIDGE_CONSOLE_PASSWORD=PASSWORD) for _ in range(2))
    for _ in range(login_attempts.PER_ADDRESS):
        assert one.login("guess").status_code == 401
    answer = one.login(PASSWORD)
    assert answer.status_code == 429
    assert re.search(r"Too many wrong passwords. Try again in \d+\u202fmin", answer.text)
    assert 60 < int(answer.headers["Retry-After"]) <= 901
    other.peer = "203.0.113.9"
    assert other.login(PASSWORD).status_code == 303


def test_a_right_password_forgets_the_wrong_ones(site: MakeSite) -> None:
    one = site(BRIDGE_CONSOLE_PASSWORD=PASSWORD)
    for _ in range(2):
        for _ in range(login_attempts.PER_ADDRESS - 1):
            assert one.login("guess").status_code == 401
        assert one.login(PASSWORD).status_code == 303


def test_every_answer_tells_the_browser_to_be_strict(site: MakeSite) -> None:
    one = site()
    for path in ("/", "/login", "/nowhere", "/static/console.css"):
        headers = one.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")
        assert headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/"]
)
def test_nothing_beside_the_static_files_is_served(site: MakeSite, path: str) -> None:
    assert site().get(path).status_code == 404


def test_a_page_that_is_not_there_says_so_in_the_visitors_language(site: MakeSite) -> None:
    answer = site().get("/nowhere/at/all", Accept_Language="ru-RU,ru;q=0.9")
    assert (answer.status_code, title(answer)) == (404, "Здесь ничего нет")


def test_the_database_being_away_is_said_in_words(site: MakeSite) -> None:
    one = site()
    with one.side.store.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE notes")
    answer = one.get("/")
    assert (answer.status_code, title(answer)) == (503, "The database does not answer")


def test_the_doors_of_webhooks_know_nothing_of_the_console(site: MakeSite) -> None:
    one = site(BRIDGE_CONSOLE_PASSWORD=PASSWORD)
    answer = one.client.post("/hooks/nobody", data="{}")
    assert not {"Content-Security-Policy", "Set-Cookie", "Vary"} & set(answer.headers.keys())


def test_the_audit_shows_who_decided_what_newest_first_a_page_at_a_time(site: MakeSite) -> None:
    one = site()
    with one.side.store.transaction() as connection:
        for number in range(1, 53):
            audit.record(
                connection,
                number,
                who="anna",
                what=Reason(ActionCode.PAUSE),
                why=f"<b>{number}",
                kind="account",
                target="main",
            )
    page = one.get("/audit").text
    assert page.index("&lt;b&gt;52") < page.index("&lt;b&gt;3<")
    assert "&lt;b&gt;2<" not in page
    assert "/console/audit?before=3" in page
    assert "&lt;b&gt;2<" in one.get("/audit?before=3").text
    with one.side.store.read() as connection:
        assert len(audit.page_of_actions(connection, Page(before=3)).items) == 2
