"""What is wrong is said with the same words wherever it is shown, in both languages."""

from __future__ import annotations

import html
import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.main import main
from bridge.model import Application, Failure, Match, Verdict
from bridge.problems.problem import Kind
from bridge.reasons.reason import recorded
from bridge.store.inbox import refusals
from bridge.store.inbox.refusals import Refusal
from bridge.store.queue import accounts, pauses
from bridge.store.state import answers
from bridge.store.state.answers import Shape
from bridge.web.health import readyz
from tests.console.conftest import MakeSite, compiled, site
from tests.console.visits import Site
from tests.store import given
from tests.store.given import claim, delivery, event, owe, settle, settlement, start, take_in

__all__ = ["compiled", "site"]

MAPPING = """
source: shop
profile: json
verify: none
event: {id: $.id}
rules: [{name: sold, start: {bot_id: 7, subscriber_id: $.subscriber}}]
"""
NEW = MAPPING.replace("shop", "crm")
CLOSED = "source: till\nprofile: json\nsecret: ${GONE}\nverify: {token: {path: true}}\n"
ACCOUNTS = """
accounts:
  main: {token: "${LEADCONVERTER_TOKEN}", url: "http://127.0.0.1:1"}
  late: {token: "${LEADCONVERTER_TOKEN}", url: "http://127.0.0.1:1"}
alerts: {url: "https://example.com/", silence: {quiet: 1h}}
"""
QUIET = MAPPING.replace("shop", "quiet")
FILES = {"shop": MAPPING, "crm": NEW, "quiet": QUIET, "till": CLOSED, "accounts": ACCOUNTS}
LACKING = Application(
    (), (Failure("sold", 0, "bot_id", "$.x", recorded("is absent")),), (Verdict("sold", Match.FAILED),)
)

TITLES: dict[Kind, tuple[str, str]] = {
    "stale": (
        "the mapping files have errors or are missing: the last good set stays in use",
        "файлы правил сломаны или исчезли: работает последний исправный набор",
    ),
    "variables": (
        "source till is closed, its webhooks are answered 503: GONE is not set",
        "источник till закрыт, его вебхуки получают 503: не задана переменная GONE",
    ),
    "late": ("a call of account late has been due for ", "вызов аккаунта late опаздывает на "),
    "paused": ("account main is paused: its calls wait", "аккаунт main на паузе: его вызовы ждут"),
    "held": (
        "rule “sold” of shop is paused: its calls wait",
        "правило «sold» источника shop на паузе: его вызовы ждут",
    ),
    "uncertain": (
        "1 call of account main may or may not have run",
        "о 1 вызове аккаунта main неизвестно, выполнен ли он",
    ),
    "unstarted": ("1 call started no bot in the last day", "1 вызов за сутки не запустил бота"),
    "answer": (
        "account main gave an answer of a new shape, which counts as done",
        "аккаунт main дал ответ нового вида, и вызов считается выполненным",
    ),
    "failing": ("rule “sold” of shop fails", "правило «sold» источника shop не справляется"),
    "unreadable": (
        "1 webhook could not be read in the last week",
        "1 вебхук за неделю не удалось прочитать",
    ),
    "rejected": (
        "1 webhook of shop was rejected in the last day",
        "за сутки не принят 1 вебхук источника shop",
    ),
    "silent": ("source quiet has sent nothing for 2 h", "источник quiet молчит уже 2 ч"),
    "unheard": (
        "source crm is connected, and has sent nothing yet",
        "1 источник подключён, но пока ничего не прислал: crm",
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mappings"
    made.mkdir()
    for name, text in FILES.items():
        (made / f"{name}.yml").write_text(text)
    return made


@pytest.fixture
def troubled(site: MakeSite, folder: Path) -> Site:
    """A bridge in which a dozen things are wrong."""
    one = site(LEADCONVERTER_TOKEN="t")
    store = one.side.store
    with store.read() as connection:
        now = store.now(connection)
    hour = 3_600_000
    take_in(store, delivery((event("bad", received_at=now), LACKING), received_at=now))
    take_in(store, delivery(unreadable=recorded("not JSON"), received_at=now))
    quiet = event("q", source="quiet", received_at=now - 2 * hour)
    take_in(store, delivery((quiet, given.made()), source="quiet", received_at=now - 2 * hour))
    owe(store, start(1), start(2), start(3, account="late"))
    taken = claim(store)
    settle(store, settlement(taken[0], "uncertain"), settlement(taken[1], "refused"))
    with store.transaction() as connection:
        refusals.refuse(
            connection, now, [Refusal("shop", now, 401, "signature", recorded("no"), given.request())]
        )
        accounts.ensure(connection, ["late"])
        accounts.pause(connection, now, "main", who="anna", why="rebuilding")
        pauses.pause(connection, now, "shop", "sold", who="anna", why="")
        shape = Shape("main", "http://127.0.0.1:1", "200 application/json {}")
        answers.add(connection, now, shape, taken[0].id)
        late = f"UPDATE calls SET due_at = {now - 91_000} WHERE account = 'late'"
        connection.exec_driver_sql(late)
    (folder / "shop.yml").write_text("source: [")
    one.side.mapping_loader.refresh()
    one.side.readiness.check()
    return one


@pytest.fixture
def doctor(
    sqlite_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """What `leadbridge doctor` prints in a language."""
    for name, value in (
        ("DATABASE_URL", sqlite_url),
        ("BRIDGE_MAPPINGS", str(folder)),
        ("BRIDGE_DISK_FLOOR", "0"),
        ("LEADCONVERTER_TOKEN", "t"),
    ):
        monkeypatch.setenv(name, value)

    def run(language: str, *words: str) -> str:
        monkeypatch.setenv("BRIDGE_LANG", language)
        capfd.readouterr()
        level, handlers = logging.root.level, logging.root.handlers[:]
        try:
            assert main(["doctor", *words]) == 1
        finally:
            logging.root.setLevel(level)
            logging.root.handlers[:] = handlers
        return capfd.readouterr().out

    return run


LANGUAGES = ("en", "ru")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_console_and_doctor_say_the_same(
    troubled: Site, doctor: Callable[..., str], language: str
) -> None:
    page = html.unescape(troubled.get("/", Accept_Language=language).text)
    printed = doctor(language)
    for titles in TITLES.values():
        title = titles[LANGUAGES.index(language)]
        assert f"<strong>{title[:1].upper()}{title[1:]}" in page
        assert f": {title}" in printed
    stale = TITLES["stale"][LANGUAGES.index(language)]
    assert (
        f"<strong>{stale[:1].upper()}{stale[1:]}</strong>"
        in troubled.get("/rules", Accept_Language=language).text
    )


def test_readyz_and_doctors_json_say_the_same_in_english(troubled: Site, doctor: Callable[..., str]) -> None:
    known = json.loads(readyz(troubled.side.readiness.facts())[1])
    assert (known["ready"], sorted(known["warnings"])) == (True, ["mappings", "queue", "variables"])
    found = json.loads(doctor("ru", "--json"))
    texts: dict[str, list[str]] = {one["subject"]: [] for one in found}
    for one in found:
        texts[one["subject"]].append(one["text"])
    assert known["warnings"]["mappings"] in texts["mappings"]
    assert known["warnings"]["variables"] in texts["variables"]
    assert known["warnings"]["queue"].removesuffix("; run: leadbridge doctor") in texts["queue"]
