"""What one webhook may make the bridge store, from its bytes to the rows of a real database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Double, Integer

from bridge.intake import Intake
from bridge.mapping.author.examples import run_example
from bridge.mapping.rules.apply import Example, MappingFile
from bridge.mapping.rules.webhook import apply_to_webhook
from bridge.mapping_loader import MappingLoader
from bridge.operations.replay import Replayer, Reread, Unreplayable
from bridge.operations.replay_many import replay_all
from bridge.reasons.reason import Reason
from bridge.reasons.stored import from_text
from bridge.reasons.webhooks import WebhookCode
from bridge.store.db.engine import Store
from bridge.store.db.tables import metadata
from bridge.store.db.writer import Writer
from bridge.store.inbox.events import batch_writer
from bridge.store.queue.decisions import Decider
from bridge.text.render import english
from bridge.webhook.budget import FREE, MOST, OverBudgetError, allowance, too_large
from tests.store.given import request, rows
from tests.support.asgi import received
from tests.support.timing import SOON, seconds_of

HEAD = """
source: shop
profile: json
verify: none
event: {id: $.id, type: $.kind}
"""
ENVELOPE = "split: {path: '$.items[*]', keep: envelope}\n"
LARGE = json.dumps(
    {"items": [{"id": n} for n in range(4_000)], **{f"k{n}": n for n in range(4_000)}}
).encode()
SOLD = "rules:\n  - name: sold\n    start: {bot_id: 7, subscriber_id: 5"
EACH = "rules:\n  - name: sold\n    for_each: $.items[*]\n    start: {bot_id: 7, subscriber_id: 5"


class Bridge:
    """An intake on a real database, with one mapping file."""

    def __init__(self, store: Store, folder: Path, text: str) -> None:
        self.store, self.folder = store, folder
        (folder / "mappings").mkdir(exist_ok=True)
        self.rules = MappingLoader(str(folder / "mappings"), {"LEADCONVERTER_TOKEN": "t"})
        self.writer: Writer[Any, Any] = Writer(store, batch_writer(store))
        self.results: tuple[str, ...] = ()
        self.write(text)
        self.intake = Intake(
            self.rules,
            self.writer,
            is_known_source=lambda _: False,
            wake=lambda: None,
            no_room=lambda: None,
            observe=self.observe,
        )

    def write(self, text: str) -> None:
        (self.folder / "mappings" / "shop.yml").write_text(HEAD + text)
        self.rules.refresh()
        assert self.rules.ready, self.rules.current.findings

    @property
    def mapping(self) -> MappingFile:
        return self.rules.current.sources["shop"]

    def observe(self, _name: str, _status: int, results: tuple[str, ...], _seconds: float | None) -> None:
        self.results = results

    def post(self, body: bytes, **more: Any) -> int:
        return received(self.intake, "shop", request(body, **more)).status


@pytest.fixture
def bridge(sqlite_store: Store, tmp_path: Path) -> Iterator[Callable[[str], Bridge]]:
    made: list[Bridge] = []

    def make(text: str) -> Bridge:
        made.append(Bridge(sqlite_store, tmp_path, text))
        return made[-1]

    yield make
    for one in made:
        one.writer.close()


def test_the_budget_grows_with_the_body_up_to_a_bound() -> None:
    assert [allowance(size) for size in (0, 1_000, 1 << 20)] == [FREE, FREE + 8_000, MOST]


def test_an_envelope_of_four_thousand_times_four_thousand_is_kept_as_unreadable(
    bridge: Callable[[str], Bridge],
) -> None:
    shop = bridge(ENVELOPE + SOLD + "}\n")
    assert shop.post(LARGE) == 200
    assert shop.results == ("unreadable",)
    ((error, body),) = rows(shop.store, "SELECT error, body FROM events")
    assert bytes(body) == LARGE
    assert english(from_text(error)) == (
        "`split` into 4,000 events, each with its envelope, would store 200 MB, "
        "a webhook of 113 KB may store 1,164 KB; make its rules or `split` produce less, then replay it"
    )
    assert seconds_of(lambda: shop.post(LARGE)) < SOON


PRODUCTS = {
    "the whole document in each call": EACH + ", variables: {all: {path: $, pipe: [to_json]}}}\n",
    "a list in each call": EACH + ", variables: {all: {path: '$.items[*].text', pipe: [join]}}}\n",
    "a long value in each call": EACH + ", variables: {a: $.long, b: '{$.long}{$.long}'}}\n",
    "a failure for each item": EACH.replace("subscriber_id: 5", "subscriber_id: $.long")
    + ", variables: {" + ", ".join(f"v{n}: $.map" for n in range(20)) + "}}\n",
}  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_calls_that_multiply_what_came_are_not_made(bridge: Callable[[str], Bridge], name: str) -> None:
    shop = bridge(PRODUCTS[name])
    document = {"items": [{"text": f"item {n}"} for n in range(1_000)], "long": "x" * 10_000, "map": {"a": 1}}
    assert shop.post(json.dumps(document).encode()) == 200
    assert shop.results == ("unreadable",)
    ((error,),) = rows(shop.store, "SELECT error FROM events")
    assert english(from_text(error)).startswith('rule "sold" would store more, a webhook of ')
    assert rows(shop.store, "SELECT count(*) FROM calls") == [(0,)]


LOOKING = {
    "a wildcard in each item's condition": EACH.replace(
        "  start:", "  when: {$item.text: {eq: $..none}}\n    start:", 1
    ),
    "a wildcard in each rule": "rules:\n"
    + "".join(
        f"  - {{name: r{n}, when: {{$..none: 1}}, start: {{bot_id: 1, subscriber_id: 5}}}}\n"
        for n in range(50)
    ),
}


@pytest.mark.parametrize("name", LOOKING)
def test_rules_that_look_at_everything_again_and_again_are_stopped(
    bridge: Callable[[str], Bridge], name: str
) -> None:
    text = LOOKING[name]
    shop = bridge(text + "}\n" if text.startswith(EACH[:20]) else text)
    document = {
        "items": [{"text": f"item {n}"} for n in range(1_000)],
        "more": [[n] * 20 for n in range(4_000)],
    }
    body = json.dumps(document).encode()
    assert seconds_of(lambda: shop.post(body)) < SOON
    assert shop.results == ("unreadable",)
    ((error,),) = rows(shop.store, "SELECT DISTINCT error FROM events")
    assert "would look at more than 1,000,000 values" in english(from_text(error))


def test_many_events_times_many_rules_are_stopped(bridge: Callable[[str], Bridge]) -> None:
    rules = "".join(
        f"  - {{name: r{n}, when: {{$.a: b}}, start: {{bot_id: 1, subscriber_id: 5}}}}\n" for n in range(50)
    )
    shop = bridge("split: $[*]\nrules:\n" + rules)
    body = json.dumps([{"id": n, "text": "x" * 80} for n in range(9_000)]).encode()
    assert seconds_of(lambda: shop.post(body)) < SOON
    assert shop.results == ("unreadable",)


def test_a_value_that_is_the_same_for_all_items_is_worked_out_once(bridge: Callable[[str], Bridge]) -> None:
    values = "{n: {path: $..text, pipe: [count]}, l: {path: $.long, pipe: [hash]}, e: $.map, i: $item.text}"
    shop = bridge(EACH + f", variables: {values}}}\n")
    document: dict[str, Any] = {
        "items": [{"text": f"item {n}"} for n in range(300)],
        "long": "x" * 50_000,
        "map": None,
    }
    document["more"] = [[n] * 20 for n in range(4_000)]
    body = json.dumps(document).encode()
    assert seconds_of(lambda: shop.post(body)) < SOON
    assert list(shop.results) == ["matched"]
    requests = [json.loads(text) for (text,) in rows(shop.store, "SELECT request FROM calls ORDER BY id")]
    texts = [dict(one["variables"])["i"] for one in requests]
    assert texts == [f"item {n}" for n in range(300)]
    assert {dict(one["variables"])["n"] for one in requests} == {"300"}


def test_many_small_events_count_by_their_rows(bridge: Callable[[str], Bridge]) -> None:
    shop = bridge("split: $[*]\n" + SOLD + "}\n")
    shop.post(json.dumps([{}] * 5_000).encode())
    assert list(shop.results) == ["unreadable"]
    shop.post(json.dumps([{"id": n} for n in range(100)]).encode())
    assert list(shop.results) == ["matched"] * 100


def test_verdicts_of_rules_that_did_not_match_give_way(bridge: Callable[[str], Bridge]) -> None:
    names = "".join(
        f"  - {{name: {'other' * 30} {n}, when: {{$.kind: no}}, start: {{bot_id: 1, subscriber_id: 5}}}}\n"
        for n in range(49)
    )
    shop = bridge("split: $[*]\n" + SOLD + "}\n" + names)
    shop.post(json.dumps([{"id": n} for n in range(100)]).encode())
    assert shop.results == ("matched",) * 100
    counts = [
        len(json.loads(text)) for (text,) in rows(shop.store, "SELECT verdicts FROM events ORDER BY id")
    ]
    assert (counts[0], counts[-1]) == (50, 2)
    assert rows(shop.store, "SELECT count(*) FROM calls") == [(100,)]


def test_it_is_replayed_after_the_rules_were_changed(bridge: Callable[[str], Bridge]) -> None:
    shop = bridge(ENVELOPE + SOLD + "}\n")
    shop.post(LARGE)
    by = Decider("maria", "tried")
    (still,) = replay_all(shop.store, Replayer(dict(shop.rules.current.sources), by), [1], lambda: None)
    assert isinstance(still, Unreplayable)
    assert "would store 200 MB" in english(still.why)
    shop.write(SOLD + "}\n")
    (now,) = replay_all(shop.store, Replayer(dict(shop.rules.current.sources), by), [1], lambda: None)
    assert isinstance(now, Reread)
    assert now.calls == 1


def test_a_test_of_the_mapping_file_says_the_same(bridge: Callable[[str], Bridge]) -> None:
    shop = bridge(ENVELOPE + SOLD + "}\n")
    sample = Example("t", 1, None, json.loads(LARGE), (), "", (), ())
    result = run_example(shop.mapping, sample, lambda _: b"")
    assert "`split` into 4,000 events, each with its envelope, would store" in english(result.differences[0])


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
_VALUES = st.recursive(
    st.none() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=20,
)
_RULES = (
    SOLD + ", variables: {a: $.a, b: '{$.a}', c: {path: $, pipe: [to_json]}}}\n",
    EACH + ", variables: {a: $item, all: {path: $, pipe: [to_json]}}}\n",
    EACH.replace("5", "$item.id") + ", variables: {a: {path: '$..a', pipe: [{join: ' '}]}}}\n",
)
_SPLITS = ("", "split: $.items[*]\n", ENVELOPE, "split: $[*]\n")
_SHARED = {"sequences", "tallies", "notes", "alerts", "accounts"}
"""Tables whose rows do not grow with what a webhook holds."""


def stored_bytes(store: Store) -> int:
    """Bytes of all values in all tables: those of a number are 8."""
    total = 0
    for table in metadata.tables.values():
        if table.name not in _SHARED:
            numbers = [one for one in table.columns if isinstance(one.type, Integer | Boolean | Double)]
            texts = [one.name for one in table.columns if one not in numbers]
            sizes = " + ".join(f"coalesce(length(CAST({name} AS BLOB)), 0)" for name in texts) or "0"
            query = f"SELECT coalesce(sum({sizes} + {8 * len(numbers)}), 0) FROM {table.name}"
            ((size,),) = rows(store, query)
            total += size
    return total


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(_SPLITS),
    st.sampled_from(_RULES),
    st.lists(_VALUES, max_size=4),
    st.dictionaries(_TEXTS, _VALUES, max_size=3),
    st.integers(1, 1_500),
    st.integers(0, 4_000),
)
@example(_SPLITS[2], _RULES[0], [{"id": 1}], {}, 400, 1_000)
@example(_SPLITS[3], _RULES[0], [{"id": 1}], {}, 600, 0)
@example(_SPLITS[0], _RULES[1], [{"id": 1}], {"a": "\x01" * 200}, 900, 100)
def test_the_bytes_stored_never_exceed_the_budget(
    bridge: Callable[[str], Bridge],
    split: str,
    rules: str,
    items: list[Any],
    others: dict[str, Any],
    times: int,
    padding: int,
) -> None:
    shop = bridge(split + rules)
    with shop.store.transaction() as connection:
        for table in metadata.tables:
            if table not in _SHARED:
                connection.exec_driver_sql(f"DELETE FROM {table}")
    document: Any = {**others, "pad": "я" * padding, "items": items * times}
    body = json.dumps(document["items"] if split == _SPLITS[3] else document, ensure_ascii=False).encode()
    assert shop.post(body) == 200
    assert rows(shop.store, "SELECT count(*) > 0 FROM events") == [(1,)]
    assert stored_bytes(shop.store) <= allowance(len(body))


def test_an_ordinary_webhook_is_not_measured(bridge: Callable[[str], Bridge]) -> None:
    shop = bridge(SOLD + ", variables: {name: $.name}}\n")
    one = request(b'{"id":1,"name":"Anna"}')
    events = shop.mapping.source.events(one, 0)
    made = apply_to_webhook(shop.mapping, events, one)
    assert [len(each.starts) for _, each in made] == [1]


def test_more_than_the_budget_is_an_error_of_the_document() -> None:
    assert too_large(Reason(WebhookCode.BUDGET_OF_RULE, rule="it"), 12_000_000, 5).sentence == (
        'rule "it" would store 12 MB, a webhook of 5 bytes may store 262 KB; '
        "make its rules or `split` produce less, then replay it"
    )


def taken(shop: Bridge, body: bytes) -> bool:
    one = request(body)
    try:
        apply_to_webhook(shop.mapping, shop.mapping.source.events(one, 0), one)
    except OverBudgetError:
        return False
    return True


CALLS = (SOLD + "}\n", SOLD + ", variables: {a: $.id, b: 'Заказ {$.id}'}}\n", "rules: []\n")


@pytest.mark.parametrize("rules", CALLS)
@pytest.mark.parametrize("item", ['{"id":%d}', '{"n":%d}', '{"id":%d,"text":"\\u0001\\u0001"}'])
def test_the_largest_batch_that_is_taken_stays_within_the_budget(
    bridge: Callable[[str], Bridge], item: str, rules: str
) -> None:
    shop = bridge("split: $[*]\n" + rules)

    def batch(many: int) -> bytes:
        return f"[{','.join(item % n for n in range(10_000, 10_000 + many))}]".encode()

    fits, too_many = 1, 9_999
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        fits, too_many = (middle, too_many) if taken(shop, batch(middle)) else (fits, middle)
    assert shop.post(batch(fits)) == 200
    assert len(shop.results) == fits
    budget = allowance(len(batch(fits)))
    assert budget / 3 < stored_bytes(shop.store) <= budget
    assert shop.post(batch(too_many)) == 200
    assert list(shop.results) == ["unreadable"]
