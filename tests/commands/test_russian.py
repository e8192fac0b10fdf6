"""What commands say where BRIDGE_LANG is ru. All codes and texts: tests/text/test_reasons.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.main import main
from bridge.model import Outcome
from tests.commands.conftest import Desk, Office
from tests.store import given


@pytest.fixture(autouse=True)
def _russian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_LANG", "ru")


def test_an_error_and_its_cure(desk: Desk) -> None:
    ran = desk.run("calls")
    assert (ran.code, ran.out) == (1, "")
    error, hint = ran.err.splitlines()
    assert error.startswith("ошибка: базы данных ")
    assert error.endswith(" нет")
    assert hint == "подсказка: выполните: leadbridge migrate - или укажите в DATABASE_URL правильную"


def test_settings_are_said_in_russian_though_they_cannot_be_used(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "80a")
    monkeypatch.setenv("DATABASE_URL", "mysql://user:hunter2@db/x")
    assert desk.run("calls").err == (
        "ошибка: DATABASE_URL: значение скрыто, нужно sqlite:///path/to/file.db или "
        "postgres://user:password@host/database; PORT: «80a», нужно целое число от 1 до 65535\n"
        "подсказка: исправьте или удалите эти переменные окружения и запустите снова\n"
    )


def test_a_name_that_is_not_known(office: Office) -> None:
    ran = office.run("pause", "source", "shpo")
    assert (ran.code, ran.err) == (
        2,
        "ошибка: источника «shpo» нет; возможно, «shop»?\nподсказка: есть: shop\n",
    )


def test_a_time_that_cannot_be_read(office: Office) -> None:
    assert office.run("events", "--since", "вчера").err == (
        "ошибка: --since: «вчера», нужен промежуток или время\n"
        "подсказка: например: 90m, 7d, 22:00, 2026-05-10 или 2026-05-10T14:30+03:00\n"
    )


def test_a_replay(office: Office) -> None:
    office.webhook(id="a")
    office.webhook(id="b", subscriber=None)
    ran = office.run("replay", "1", "2", "--yes")
    first, second = ran.lines
    assert first == "событие 1: paid: вызов 1: в очереди"
    assert second.startswith("событие 2: paid: нет subscriber_id: $.subscriber")
    asked, total = ran.err.splitlines()
    assert asked == "2 события будут повторены по нынешним правилам"
    assert total.startswith("повторено: 2 события, добавлено: 0 вызовов, не удалось: 1, ")


def test_calls_settled_and_one_that_was_settled_before(office: Office) -> None:
    office.webhook()
    office.settle("uncertain", shown=given.attempt(Outcome.UNCERTAIN))
    assert office.run("resolve", "1", "--done").out == "вызов 1 отмечен выполненным\n"
    assert office.run("resolve", "1", "--done").err == (
        "ошибка: решить судьбу вызова 1 нельзя, его состояние: выполнен; нужно: неизвестно\n"
    )


def test_what_was_paused(office: Office) -> None:
    assert office.run("pause", "source", "shop").out == "источник shop: на паузе\n"
    assert office.run("resume", "source", "shop").out == "источник shop: работа продолжается\n"


def test_what_was_forgotten(office: Office) -> None:
    assert office.run("purge").out == (
        "удалено: содержимое (0 событий), целиком с вызовами и попытками (0 событий)\n"
    )


def test_lists(office: Office) -> None:
    assert office.run("calls").err == "ни один вызов не подходит\n"
    office.webhook()
    assert office.run("calls", "--limit", "1").err == ""
    assert "сейчас" in office.run("events").out


def test_a_new_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "new")]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("создана папка ")
    assert last.endswith("# консоль: http://127.0.0.1:8080/console/")
