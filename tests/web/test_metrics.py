from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bridge.dispatch.round import Result, Round
from bridge.model import Call, Outcome, State
from bridge.settings import METRICS_FOLDER
from bridge.web import counting, metrics, process_metrics
from bridge.web.counting import Counted
from bridge.web.dispatch_meters import DispatchMeters
from bridge.web.meters import Meters
from tests.store.given import start
from tests.support.processes import ROOT, Installation, free_port, installation
from tests.support.reasons import because
from tests.support.waiting import eventually

Samples: TypeAlias = Mapping[tuple[str, frozenset[tuple[str, str]]], float]
CANARY = "canary-9f3e1d"
CALL = Call(1, 1, "shop", start(), State.SENDING, 1, 0, 0, 0, "w1", 0, 0, 0, 0)
ACCOUNTS = "accounts: {main: {token: '${LEADCONVERTER_TOKEN}', rate: 50/s, burst: 50}}"
MAPPING = """
source: shop
profile: json
secret: ${SHOP_SECRET}
verify: {token: {header: X-Token}}
event: {id: $.id, type: $.kind}
rules:
  - name: sold
    when: {$.kind: sale}
    start: {bot_id: 7, subscriber_id: $.buyer, variables: {name: $.name}}
"""


def read(page: bytes) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for found in text_string_to_metric_families(page.decode())
        for sample in found.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0.0)


def total(samples: Samples, name: str, **labels: str) -> float:
    """The sum over all series of that name with at least these labels."""
    wanted = set(labels.items())
    return sum(number for (found, has), number in samples.items() if found == name and wanted <= has)


@pytest.fixture
def counted() -> Counted:
    return Counted()


def shown(counted: Counted) -> Samples:
    return read(counting.page("", list, counted))


def test_each_webhook_is_counted_by_its_result(counted: Counted) -> None:
    meters = Meters(counted)
    meters.webhook("shop", 200, ("matched", "duplicate"), 0.004)
    meters.webhook("shop", 401, ("refused",), 0.0001)
    meters.webhook("shop", 503, ("disk",), 0.0001)
    meters.webhook("", 404, ("unknown",), 0.0001)
    samples = shown(counted)
    assert value(samples, "leadbridge_webhooks_received_total", source="shop") == 3
    assert value(samples, "leadbridge_events_total", source="shop", result="matched") == 1
    assert value(samples, "leadbridge_events_total", source="shop", result="duplicate") == 1
    assert value(samples, "leadbridge_webhooks_refused_total", source="shop", status="401") == 1
    assert value(samples, "leadbridge_webhooks_busy_total", source="shop", cause="disk") == 1
    assert value(samples, "leadbridge_webhooks_refused_total", source="(unknown)", status="404") == 1
    assert value(samples, "leadbridge_ack_seconds_count") == 4
    assert value(samples, "leadbridge_ack_seconds_bucket", le="0.0025") == 3


def test_each_commit_is_counted_with_its_size(counted: Counted) -> None:
    Meters(counted).batch(12, 0.003)
    samples = shown(counted)
    assert value(samples, "leadbridge_commit_webhooks_bucket", le="8.0") == 0
    assert value(samples, "leadbridge_commit_webhooks_bucket", le="16.0") == 1
    assert value(samples, "leadbridge_commit_seconds_sum") == 0.003


def test_each_attempt_is_counted_and_each_final_state_is_timed(counted: Counted) -> None:
    done = Round(
        now=0,
        results=[
            Result(CALL, Outcome.DONE, State.DONE, None, 1500),
            Result(CALL, Outcome.RETRY, State.QUEUED, because("refused"), None),
        ],
        dropped=2,
    )
    DispatchMeters(counted).round(done)
    samples = shown(counted)
    assert value(samples, "leadbridge_attempts_total", account="main", outcome="done") == 1
    assert value(samples, "leadbridge_attempts_total", account="main", outcome="retry") == 1
    assert value(samples, "leadbridge_dispatch_seconds_sum", account="main") == 1.5
    assert value(samples, "leadbridge_dispatch_seconds_count", account="main") == 1
    assert value(samples, "leadbridge_steps_dropped_total") == 2


def test_every_metric_is_described_once_and_in_the_documentation() -> None:
    names = [metric.name for metric in metrics.ALL]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"leadbridge_[a-z_]+", name) for name in names)
    assert all(metric.name.endswith("_total") == (metric.kind == "counter") for metric in metrics.ALL)
    documented = (ROOT / "docs" / "metrics.md").read_text()
    lines = [
        f"| `{one.name}` | {one.kind} | {', '.join(one.labels) or '–'} | {one.help} |" for one in metrics.ALL
    ]
    assert [line for line in lines if line not in documented] == []


def test_intake_dispatch_and_store_do_not_import_metrics() -> None:
    for module in ("bridge.assemble.web", "bridge.assemble.worker", "bridge.intake"):
        words = f"import sys, {module}; print('prometheus_client' in sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout == "False\n", module


def test_a_process_that_has_just_created_its_file_does_not_break_the_page(
    tmp_path: Path, counted: Counted
) -> None:
    words = "from bridge.web.counting import Counted; Counted()"
    environment = {**os.environ, METRICS_FOLDER: str(tmp_path)}
    subprocess.run([sys.executable, "-c", words], cwd=ROOT, env=environment, check=True)
    (tmp_path / "counter_999999999.db").touch()
    samples = read(counting.page(str(tmp_path), list, counted))
    assert samples["leadbridge_ack_seconds_count", frozenset()] == 0


def test_running_processes_are_measured_and_ended_ones_removed(tmp_path: Path) -> None:
    (tmp_path / "web.999999999.pid").touch()
    process_metrics.enter(str(tmp_path), "dispatcher")
    found = {
        (metric.name, labels): number for metric, labels, number in process_metrics.samples(str(tmp_path))
    }
    assert found["leadbridge_processes", ("dispatcher",)] == 1
    assert found["leadbridge_resident_memory_bytes", ("dispatcher",)] > 1e7
    assert found["leadbridge_cpu_seconds_total", ("dispatcher",)] > 0
    assert found["leadbridge_open_files", ("dispatcher",)] >= 3
    assert ("leadbridge_processes", ("web",)) not in found
    assert len(list(tmp_path.iterdir())) == 1


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("metrics")
    settings = {"SHOP_SECRET": "s3cret-canary", "LEADCONVERTER_TOKEN": CANARY, "BRIDGE_WORKERS": "2"}
    with installation(folder, "sqlite:///var/bridge.db", **settings) as made:
        (made.mappings / "shop.yml").write_text(MAPPING)
        (made.mappings / "accounts.yml").write_text(ACCOUNTS)
        made.start()
        yield made


def post(bridge: Installation, name: str, kind: str = "sale", token: str = "s3cret-canary") -> int:
    document = {"id": name, "kind": kind, "buyer": 77001, "name": "Мария Персональная"}
    return bridge.post("/hooks/shop", document, {"X-Token": token}).status


def scrape(bridge: Installation) -> Samples:
    return read(bridge.get("/metrics").body)


def test_the_sums_of_webhooks_events_and_calls_agree(bridge: Installation) -> None:
    before = scrape(bridge)
    for number in range(10):
        assert post(bridge, f"o{number}") == 200
    assert post(bridge, "o0") == 200
    assert post(bridge, "u1", kind="visit") == 200
    assert post(bridge, "o99", token="guess") == 401
    for name in ("one", "two", "three"):
        assert bridge.post(f"/hooks/{name}", {"id": 1}).status == 404

    def ended() -> bool:
        return value(scrape(bridge), "leadbridge_dispatch_seconds_count", account="main") == 10

    assert eventually(ended)
    after = scrape(bridge)
    received = total(after, "leadbridge_webhooks_received_total")
    refused = total(after, "leadbridge_webhooks_refused_total")
    assert (received, refused, total(after, "leadbridge_events_total")) == (16, 4, 12)
    assert total(after, "leadbridge_events_total", result="matched") == 10
    assert value(after, "leadbridge_attempts_total", account="main", outcome="done") == 10
    assert value(after, "leadbridge_ack_seconds_count") == 16
    assert value(after, "leadbridge_webhooks_received_total", source="(unknown)") == 3
    assert total(before, "leadbridge_webhooks_received_total") == 0


def test_the_page_holds_no_secret_and_nothing_that_senders_wrote(bridge: Installation) -> None:
    post(bridge, "private", token="guessed-secret")
    bridge.post("/hooks/made-up-name", {"id": 1})
    # Without the figures, which may consist of any digits.
    page = re.sub(r" [0-9.e+-]+$", "", bridge.get("/metrics").body.decode(), flags=re.MULTILINE)
    for word in (CANARY, "s3cret-canary", "guessed-secret", "made-up-name", "77001", "Мария", "sandbox-main"):
        assert word not in page


def test_the_whole_process_tree_is_measured(bridge: Installation) -> None:
    assert eventually(lambda: value(scrape(bridge), "leadbridge_processes", kind="web") == 2)
    samples = eventually(lambda: with_accounts(bridge))
    assert value(samples, "leadbridge_processes", kind="dispatcher") == 1
    assert value(samples, "leadbridge_database_up") == 1
    assert value(samples, "leadbridge_account_breaker", account="main", state="closed") == 1


def shows(bridge: Installation, text: str) -> bool:
    return text in bridge.get("/metrics").body.decode()


def with_accounts(bridge: Installation) -> Samples:
    """The samples, once they include an account's: the web process reads them every few seconds."""
    samples = scrape(bridge)
    return samples if value(samples, "leadbridge_account_pace", account="main") == 50 else {}


def test_every_metric_has_its_help_text_with_several_processes(bridge: Installation) -> None:
    post(bridge, "helped")
    for metric in (metrics.RECEIVED, metrics.ACK, metrics.BATCH, metrics.PAUSED, metrics.MEMORY):
        help_line = f"# HELP {metric.name} {metric.help}\n"
        assert eventually(partial(shows, bridge, help_line)), help_line


def test_a_dispatcher_alone_serves_its_metrics(bridge: Installation) -> None:
    port = free_port()
    words = [sys.executable, "-m", "bridge", "worker", "--metrics-port", str(port)]
    environment = {**bridge.variables, "BRIDGE_SANDBOX": f"http://127.0.0.1:{bridge.sandbox_port}"}
    with subprocess.Popen(words, cwd=bridge.folder, env=environment, stderr=subprocess.DEVNULL) as worker:

        def page() -> bytes:
            try:
                return bridge.ask("GET", port, "/metrics").body
            except OSError:
                return b""

        samples = read(eventually(page))
        worker.terminate()
        assert worker.wait(30) == 0
    assert value(samples, "leadbridge_processes", kind="dispatcher") == 1
    assert value(samples, "leadbridge_steps_dropped_total") == 0
