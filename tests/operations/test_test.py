from __future__ import annotations

from pathlib import Path

from bridge.operations.authoring.test import run_tests, sample_reader
from bridge.text.render import english
from tests.operations.given import SHOP, shop

FILE = SHOP.replace(
    "    body: {id: o-1, status: paid, amount: 250, subscriber: 12}\n", "    file: samples/paid.json\n"
)
BODY = b'{"id": "o-1", "status": "paid", "amount": 250, "subscriber": 12}'


def test_tests_are_run_with_samples_wherever_they_are_kept() -> None:
    ran = run_tests(shop(FILE), {"samples/paid.json": BODY}.__getitem__)
    assert (len(ran.results), ran.failed, ran.path) == (1, (), "mappings/shop.yml")


def test_samples_are_read_relative_to_the_mapping_file(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/paid.json").write_bytes(BODY)
    assert run_tests(shop(FILE), sample_reader(str(tmp_path / "shop.yml"))).failed == ()
    (failed,) = run_tests(shop(FILE), sample_reader(str(tmp_path / "elsewhere/shop.yml"))).failed
    assert tuple(map(english, failed.differences)) == (
        "samples/paid.json cannot be read: No such file or directory",
    )


def test_a_failed_test_has_its_differences() -> None:
    (failed,) = run_tests(shop(SHOP.replace("bot_id: 7\n", "bot_id: 8\n")), sample_reader("")).failed
    (difference,) = failed.differences
    assert english(difference) == "start 1: bot_id is 8, expected 7"


def test_uncovered_conditions_are_reported() -> None:
    covered = run_tests(shop(), sample_reader("")).covered
    assert (covered.covered_rules, covered.rules) == (1, 1)
    assert [gap.condition for gap in covered.gaps] == ["$.status: paid", "$.amount: {gte: 100}"]
