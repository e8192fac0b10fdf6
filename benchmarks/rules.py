"""What rules cost as they grow in number: one event through them, and one check of their file.

python -m benchmarks.rules
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.common.report import machine, table
from bridge.mapping.compile.compiler import compile_files
from bridge.mapping.rules.apply import MappingFile, apply
from bridge.model import Event

HEAD = "source: shop\nsecret: ${SHOP_SECRET}\nverify: {token: {path: true}}\nrules:\n"
TESTS = "tests:\n  - {name: nothing, body: {}, expect: []}\n"
ENVIRONMENT = {"SHOP_SECRET": "benchmark", "LEADCONVERTER_TOKEN": "benchmark"}
MATCHING = (
    "- {{name: r{n}, when: {{$event.type: paid, $.o.c: c-{n}}}, start: {{bot_id: 1, subscriber_id: $.s}}}}\n"
)
CHECKED = """\
  - name: course {n} paid
    when:
      $event.type: payment.succeeded
      $.object.metadata.course: course-{n}
      $.object.amount.value: {{gte: {n}}}
    start:
      bot_id: {n}
      subscriber_id: $.object.metadata.subscriber_id
      variables:
        order: $.object.order{n}.id
        amount: {{path: $.object.amount{n}.value, pipe: [{{round: 2}}]}}
        course: {{path: $.object.metadata.course{n}, map: {{python: Python, sql: SQL}}, default: none}}
        paid_at: {{path: $.object.captured{n}, pipe: [{{date: "%d.%m.%Y %H:%M", tz: Europe/Moscow}}]}}
        hello: "Thank you, {{$.object.metadata.name}}! Order {{$.object.id}}"
"""


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where the largest set costs twice the smallest, or a check over a second."""
    options = _options(words)
    with tempfile.TemporaryDirectory() as folder:
        print(machine(Path(folder)))
    costs = matching(options.rules, options.runs)
    print(f"\n{_matching_table(costs)}")
    took = check_in_a_folder(options.checked, options.runs)
    print(f"\nleadbridge check of {options.checked:,} rules, ten paths each: {took:.2f} s")
    return 0 if costs[max(costs)] <= 2 * costs[min(costs)] and took <= 1 else 1


def matching(sizes: list[int], runs: int) -> dict[int, float]:
    """Seconds for one event of which one rule matches, by the number of rules; the sizes take turns."""
    sets = {size: _mapping(size) for size in sizes}
    took: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(runs):
        for size, mapping in sets.items():
            took[size].append(_per_event(mapping, size))
    return {size: median(times) for size, times in took.items()}


def check_in_a_folder(rules: int, runs: int) -> float:
    """As `checking`, with a file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return checking(rules, runs, Path(folder) / "shop.yml")


def checking(rules: int, runs: int, file: Path) -> float:
    """Seconds from the start of `leadbridge check` to its end."""
    file.write_text(HEAD + "".join(CHECKED.format(n=number) for number in range(1, rules + 1)) + TESTS)
    took = []
    for _ in range(runs):
        began = perf_counter()
        words = [sys.executable, "-m", "bridge", "check", str(file)]
        subprocess.run(words, env={**os.environ, **ENVIRONMENT}, check=True, stderr=subprocess.DEVNULL)
        took.append(perf_counter() - began)
    return median(took)


def _mapping(size: int) -> MappingFile:
    text = HEAD + "".join(MATCHING.format(n=number) for number in range(size)) + TESTS
    compiled = compile_files({"shop.yml": text.encode()}, ENVIRONMENT)
    assert compiled.valid, compiled.findings[:3]
    return compiled.sources["shop"]


def _per_event(mapping: MappingFile, size: int, times: int = 2_000) -> float:
    event = Event("shop", "1", "paid", 0, {"s": 5, "o": {"c": f"c-{size // 2}"}}, {}, {})
    assert len(apply(mapping, event).starts) == 1
    began = perf_counter()
    for _ in range(times):
        apply(mapping, event)
    return (perf_counter() - began) / times


def _matching_table(costs: dict[int, float]) -> str:
    first = costs[min(costs)]
    rows = [(f"{size:,} rules", f"{cost * 1e6:.1f}", f"{cost / first:.2f}") for size, cost in costs.items()]
    return table(("one event through", "µs", "of the first"), rows)


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, nargs="+", default=[10, 100, 1_000, 10_000])
    parser.add_argument("--checked", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
