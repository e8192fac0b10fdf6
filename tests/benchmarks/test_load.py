"""A load generator that counts wrong makes every figure wrong."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.common import shop
from benchmarks.common.api import standing_in, whole
from benchmarks.common.load import Load, load, status_of
from benchmarks.common.report import file_system, table
from tests.support.sandbox import Sandbox

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


@pytest.mark.parametrize("end", range(len(OK)))
def test_an_answer_that_is_not_whole_is_waited_for(end: int) -> None:
    assert status_of(OK[:end]) is None


def test_a_whole_answer_gives_its_status_and_whether_the_connection_stays() -> None:
    assert status_of(OK) == (200, True)
    assert status_of(b"HTTP/1.1 503 X\r\ncontent-length: 0\r\nconnection: Close\r\n\r\n") == (503, False)


def test_every_webhook_is_an_event_of_its_own_and_truly_signed() -> None:
    request = shop.Orders("order-1").requests("localhost", "/hooks/shop")
    ids = set()
    for number in range(3):
        data = request(number)
        head, _, body = data.partition(b"\r\n\r\n")
        signature = hmac.digest(shop.SECRET.encode(), body, "sha256").hex()
        assert f"\r\nX-Signature: {signature}".encode() in head
        assert f"\r\nContent-Length: {len(body)}\r\n".encode() in head
        assert whole(data) == len(data)
        assert whole(data[:-1]) == 0
        ids.add(json.loads(body)["object"]["id"])
    assert ids == {"order-1-0000000", "order-1-0000001", "order-1-0000002"}


@pytest.mark.parametrize(("length", "dense"), [(1400, False), (1400, True), (64_000, True), (2**20, True)])
def test_a_webhook_has_the_length_asked_for(length: int, dense: bool) -> None:
    body = shop.body("order-0-0000001", 778899, length, dense=dense)
    assert len(body) == length
    if length > 1400:
        assert len(json.loads(body)["items"]) > length / 100


def test_a_rate_is_kept_and_waiting_counts_from_the_moment_due() -> None:
    request = shop.Orders("order-1").requests("localhost", "/")
    with standing_in() as api:
        seen = load(api.address, request, connections=4, seconds=1.0, rate=200)
        late = load(api.address, _slowly(request), connections=1, seconds=0.5, rate=1_000)
    assert 180 <= len(seen.accepted) <= 201
    assert seen.percentile(0.5) < 0.1
    assert late.percentile(1.0) > 0.2


def _slowly(request: Callable[[int], bytes]) -> Callable[[int], bytes]:
    def slow(number: int) -> bytes:
        time.sleep(0.01)
        return request(number)

    return slow


def test_everything_that_a_server_accepts_is_counted_once() -> None:
    request = shop.Orders("order-1").requests("localhost", "/")
    with standing_in() as api:
        seen = load(api.address, request, connections=8, seconds=0.2)
    assert len(seen.accepted) > 8
    assert sorted(seen.accepted) == list(range(len(seen.accepted)))
    assert (len(seen.latencies), seen.refused, seen.unanswered) == (len(seen.accepted), {}, 0)
    assert 0 < seen.percentile(0.5) <= seen.percentile(0.99) <= seen.seconds


def call(_: int) -> bytes:
    return b"POST /api/v1/t/bot.startWithVariables HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n\r\n"


def test_other_answers_are_counted_by_status(sandbox: Sandbox) -> None:
    sandbox.fault("503", times=5)
    seen = load(("127.0.0.1", sandbox.port), call, connections=2, seconds=0.2)
    assert seen.accepted == []
    assert seen.refused[503] == 5
    assert seen.refused[503] + seen.refused[422] == len(sandbox.probes())


def test_a_lost_connection_is_counted_and_opened_anew(sandbox: Sandbox) -> None:
    sandbox.fault("reset", times=3)
    seen = load(("127.0.0.1", sandbox.port), call, connections=2, seconds=0.2)
    assert seen.unanswered == 3
    assert seen.refused[422] > 0


def test_percentiles_are_of_the_accepted_ones() -> None:
    seen = Load(seconds=2.0, accepted=[0, 1, 2, 3])
    seen.latencies.extend([4.0, 1.0, 3.0, 2.0])
    assert (seen.rate, seen.percentile(0.5), seen.percentile(0.99)) == (2.0, 3.0, 4.0)
    assert (Load().rate, Load().percentile(0.5)) == (0.0, 0.0)


def test_a_table_has_its_columns_under_each_other() -> None:
    assert table(("", "rate", "p99"), [("run 1", "1,500", "9"), ("trivial", "35,000", "3.1")]) == (
        "           rate  p99\nrun 1     1,500    9\ntrivial  35,000  3.1"
    )


def test_the_file_system_is_the_innermost_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\ntmpfs {tmp_path.parent} tmpfs rw 0 0\nnone /other xfs rw 0 0\n")
    assert file_system(tmp_path, mounts) == "tmpfs"
    assert file_system(Path("/"), mounts) == "ext4"
    assert file_system(tmp_path, tmp_path / "none") == "unknown file system"
