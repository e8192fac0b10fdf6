"""The secret of a sender shows on no page, in no command, file or line of the log."""

from __future__ import annotations

import html
import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
from sqlalchemy import text

from bridge.main import main
from bridge.webhook.redaction.spellings import found
from tests.console.conftest import MakeSite
from tests.console.secrets_sent import CASES, JSON, OTHER, Case, Sent
from tests.console.visits import Site

WRONG = "x9"
"""What a refused secret has more than the right one."""
_BETWEEN = re.compile(r"<!\[CDATA\[|]]>|<!-- - -->|\0|\\u0000")
"""What sets the letters of a secret apart in XML and UTF-16."""
RULES = """event: {{id: $.id}}
rules:
  - name: leaks
    start:
      bot_id: 1
      subscriber_id: {{value: 5}}
      variables:
        leak: {at}
        more: "so {{{at}}} it is"
        note: $.note
  - name: differs
    when:
      {at}: [something else]
    start: {{bot_id: 2, subscriber_id: {{value: 6}}}}
"""
LACKS = """  - name: lacks
    start:
      bot_id: {at}
      subscriber_id: {{value: 6}}
"""
PAGES = (
    "/", "/events", "/events/now", "/events.csv", "/events/1", "/events/1?rule=differs", "/events/1/now",
    "/events/1/replay", "/events/1/replay?again=1", "/replay?source=s", "/calls", "/calls.csv", "/calls/1",
    "/calls/decide?choice=cancel&state=queued", "/recipients/subscriber:5", "/refusals", "/refusals/1",
    "/repeats", "/repeats/1",
    "/playground?event=1", "/connect/to/s", "/connect/to/s/now", "/connect/to/s/choose/1", "/audit", "/rules",
)  # fmt: skip
COMMANDS = (
    "events",
    "events --json",
    "events --refused",
    "events --repeats",
    "events --repeats --json",
    "replay --repeat 1 --dry-run",
    "events --refused --json",
    "calls",
    "calls --json",
    "explain 1",
    "explain 1 --json",
    "explain 1 --document",
    "explain 1 --rule differs",
    "replay 1 --dry-run",
    "replay 1 --dry-run --again",
    "backtest edited.yml --against calls",
    "backtest edited.yml --json --against calls",
    "review",
    "new copy --from 1",
    "test mappings/s.yml",
    "test --json mappings/s.yml",
)


def mapping(case: Case) -> str:
    secret = "" if "${SECRET}" in case.keys else "secret: ${SECRET}\n"
    rules = (RULES if case.secret.isdecimal() else RULES + LACKS).format(at=case.at)
    rules = rules.partition("\n")[2] if "event:" in case.keys else rules
    return f"source: s\n{secret}{case.keys}{rules}"


def send(site: Site, sent: Sent) -> int:
    path = f"/hooks/s/{sent.path}" if sent.path else "/hooks/s"
    answer = site.client.open(
        path,
        method=sent.method,
        data=sent.body.encode(sent.encoding),
        headers={"Content-Type": sent.kind, **sent.headers},
        query_string=sent.query,
    )
    return answer.status_code


def again(sent: Sent, secret: str) -> Sent:
    """The event with other content, where that is JSON."""
    members = json.loads(sent.body) if sent.kind == JSON else {}
    return replace(sent, body=json.dumps({**members, "more": secret})) if members else sent


def hides(shown: str, *secrets: str) -> bool:
    """Whether none is there, as it is or encoded, or in pieces."""
    plain, decoded = html.unescape(shown), unquote_plus(shown)
    whole = _BETWEEN.sub("", html.unescape(decoded))
    return not any(found(text, secrets) for text in (plain, decoded, whole))


@pytest.fixture
def opened(
    site: MakeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str
) -> Callable[[Case], Site]:
    """A site with the case's source; commands run in the same folder, on the same database."""

    def made(case: Case) -> Site:
        folder = tmp_path / "mappings"
        folder.mkdir()
        (folder / "s.yml").write_text(mapping(case))
        environment = {"SECRET": case.secret, "OTHER": OTHER, "LEADCONVERTER_TOKEN": "lc-token-9"}
        more = {"DATABASE_URL": sqlite_url, "BRIDGE_MAPPINGS": "mappings", "BRIDGE_LOG": "text"}
        for name, value in {**environment, **more}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        return site(**environment, BRIDGE_CONSOLE_EDIT="1")

    return made


def look(site: Site, capfd: pytest.CaptureFixture[str], *secrets: str) -> None:
    """Ask for everything that shows; name what does not hide a secret."""
    leaks = [page for page in PAGES if not hides(site.get(page).text, *secrets)]
    csrf = {"event": "1", "text": Path("mappings/s.yml").read_text(), "file": "s.yml"}
    leaks += [f"playground {do}" for do in ("", "past") if not hides(playground(site, csrf, do), *secrets)]
    leaks += [f"choose {do}" for do in ("", "file", "sample") if not hides(choosing(site, do), *secrets)]
    level = logging.root.level
    Path("edited.yml").write_text(Path("mappings/s.yml").read_text().replace("bot_id: 1", "bot_id: 3"))
    for command in COMMANDS:
        capfd.readouterr()
        main(command.split())
        logging.root.setLevel(level)
        leaks += [command] if not hides("".join(capfd.readouterr()), *secrets) else []
    written = [path for path in Path("mappings").rglob("copy*") if path.is_file()]
    leaks += [str(path) for path in written if not hides(path.read_text(), *secrets)]
    for path in written:
        path.unlink()
    assert leaks == []


def playground(site: Site, form: dict[str, str], do: str) -> str:
    answer = site.post("/playground", {**form, "do": do})
    assert answer.status_code == 200, answer.text
    return answer.text


def choosing(site: Site, do: str) -> str:
    form = {"bot_id": "7", "path": "$.note", "role": "variable", "name": "note", "do": do}
    return site.post("/connect/to/s/choose/1", form).text


ALWAYS = ("header", "path", "json anywhere")
"""Each is read in another way; the others are left to `make thorough`."""
EACH = [
    pytest.param(case, id=case.name, marks=() if case.name in ALWAYS else pytest.mark.thorough)
    for case in CASES
]


@pytest.mark.parametrize("case", EACH)
def test_the_secret_shows_nowhere(
    case: Case,
    opened: Callable[[Case], Site],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    site = opened(case)
    near = case.secret[:-1] + WRONG if not case.secret.isdecimal() else case.secret + "9"
    assert send(site, case.make(case.secret)) == 200
    assert send(site, case.make(near)) == 401
    assert send(site, again(case.make(case.secret), case.secret)) == 200
    assert json.dumps(case.secret)[1:-1] in json.dumps(kept(site)) or case.name in ("path", "basic")
    look(site, capfd, case.secret, near)
    with site.side.store.transaction() as connection:
        connection.execute(text("UPDATE events SET secrets = NULL"))
        connection.execute(text("UPDATE refusals SET secrets = NULL"))
    look(site, capfd, case.secret, near)
    assert hides(caplog.text, case.secret, near)


def kept(site: Site) -> str:
    with site.side.store.read() as connection:
        return str(connection.execute(text("SELECT request FROM calls")).scalars().all())
