"""What commands say where BRIDGE_LANG is ru. All codes and texts: tests/text/test_reasons.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.main import main
from bridge.model import Outcome
from tests.commands.conftest import BOT, Desk, Office
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
        "ошибка: DATABASE_URL: ожидается sqlite:///path/to/file.db или "
        "postgres://user:password@host/database, а здесь скрытое значение; "
        "PORT: ожидается целое число от 1 до 65535, а здесь «80a»\n"
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
        "ошибка: --since: ожидается промежуток или время, а здесь «вчера»\n"
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
        "ошибка: решить судьбу вызова 1 нельзя, его состояние: выполнен; ожидается: неизвестно\n"
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


def test_an_events_story_has_no_english_words(office: Office) -> None:
    office.webhook()
    office.settle("done")
    lines = office.run("explain", "1").lines
    assert lines[0] == "событие 1 источника shop: подошло"
    assert lines[1].startswith("  получено  20")
    assert lines[1].endswith("отправитель: 203.0.113.7")
    assert lines[2].startswith("  проверка  токен (заголовок ")
    assert "✓ paid: подошло" in lines
    assert "вызов 1 по правилу paid: выполнен" in lines
    assert "    попытка 1: выполнено, 2027-01-15 08:00:00, 120 мс, статус 200: LeadConverter ran it" in lines
    assert lines[-1] == '      ответ: {"ok":true}'


def test_what_a_start_lacked_and_what_was_decided(office: Office) -> None:
    office.webhook(subscriber=None)
    office.run("replay", "1", "--why", "правила исправлены")
    lines = office.run("explain", "1").lines
    lack = "subscriber_id: $.subscriber: null, а id — положительное целое число цифрами"
    assert f"    не хватает {lack}" in lines
    assert lines[-1].startswith("повтор: ")
    assert lines[-1].endswith(": правила исправлены")


def test_events_in_a_table(office: Office) -> None:
    office.webhook()
    headings, row = office.run("events").lines
    assert " ".join(headings.split()) == "ID ПОЛУЧЕНО ИСТОЧНИК ТИП ID ОТПРАВИТЕЛЯ ИТОГ ВЫЗОВЫ"
    assert row.endswith("подошло  1 в очереди")


def test_a_payload_that_is_tried(desk: Desk) -> None:
    lines = desk.run("try", "shop", desk.payload(status="Paid")).lines
    assert lines[0] == "событие 1 из 1: id o-1, тип order"
    assert "≈ paid: почти подходит  (mappings/shop.yml:10)" in lines
    assert '      $.status: ожидается "paid", а здесь "Paid": различаются заглавные буквы' in lines


def test_a_backtest(office: Office) -> None:
    office.webhook(id="o-1")
    office.webhook(id="o-2", amount=150)
    changed = BOT.replace("gte: 100", "gte: 200").replace("amount: $.amount}", "sum: $.amount}")
    office.write("edited/shop.yml", changed)
    ran = office.run("backtest", "edited/shop.yml")
    headings = "ИСТОЧНИК ПРАВИЛО ЗАПУСКИ СЕЙЧАС ДОБАВЛЕНО ПРОПАЛО ИЗМЕНЕНО ОШИБКИ ИСПРАВЛЕНО"
    assert " ".join(ran.lines[0].split()) == headings
    assert ran.lines[4:] == [
        "пропал 1 запуск, shop: paid",
        "    событие 2 (o-2): $.amount: ожидается число не меньше 200, а здесь число 150",
        "",
        "изменился 1 запуск: variables.amount (1), variables.sum (1), shop: paid",
        '    событие 1 (o-1): variables.amount: было "250", стало ничего; '
        'variables.sum: было ничего, стало "250"',
    ]
    assert ran.err.startswith("2 события, с различиями: 2, ")


def test_a_mapping_files_test(desk: Desk) -> None:
    desk.write("mappings/shop.yml", BOT.replace("bot_id: 7\n", "bot_id: 8\n"))
    assert "    запуск 1: bot_id: 8, ожидалось 7" in desk.run("test").lines
