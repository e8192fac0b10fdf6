"""What paths find: RFC 9535 behind named roots, and the few things beyond it."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from bridge.jsonpath.exact_numbers import from_json
from bridge.jsonpath.path import ABSENT, ROOTS, Scope, compile_path, is_path
from bridge.model import Json

ORDER = from_json(
    """{
        "id": 17, "paid": true, "note": null, "total": 1990.00, "имя": "Анна", "utm-source": "vk", "a b": 1,
        "client": {"id": 9007199254740993, "phones": ["+7 916", "+7 999"]},
        "items": [
            {"sku": "py", "n": 2, "price": 10.0, "tags": ["new"]},
            {"sku": "sql", "n": 1, "price": 10},
            {"sku": "html", "n": 3, "price": 5.50, "gift": true}
        ],
        "leads": {"add": {"0": {"id": "5"}, "1": {"id": "6"}}},
        "codes": {"min": 2, "pattern": "s.*"}
    }"""
)


def scope(body: Json = ORDER, item: Json = ABSENT) -> Scope:
    headers = MappingProxyType({"x-event": "order", "x-shop-id": "4"})
    return Scope(body, headers, {"page": ["1", "2"]}, {"id": "e-1", "type": "paid"}, item)


def found(text: str, body: Json = ORDER, item: Json = ABSENT) -> list[Json]:
    path = compile_path(text)
    values = path.find(scope(body, item))
    first = path.first(scope(body, item))
    assert first is (values[0] if values else ABSENT) or first == values[0]
    return values


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$.id", [17]),
        ("$.client.id", [9007199254740993]),
        ("$['client']['id']", [9007199254740993]),
        ('$["client"] .id', [9007199254740993]),
        ("$.client.phones[0]", ["+7 916"]),
        ("$.client.phones[-1]", ["+7 999"]),
        ("$.client.phones[2]", []),
        ("$.имя", ["Анна"]),
        (r"$['\u0438\u043c\u044f']", ["Анна"]),
        ("$.utm-source", ["vk"]),
        ("$['a b']", [1]),
        ("$.true", []),
        ("$.gone.deeper", []),
        ("$.id.deeper", []),
        ("$.имя[0]", []),
        ("$.имя.length", []),
        ("$.note", [None]),
        ("$.note.deeper", []),
    ],
)
def test_a_path_of_names_and_numbers_finds_one_value_or_none(text: str, wanted: list[Json]) -> None:
    assert found(text) == wanted
    assert compile_path(text).definite


def test_absent_is_not_null() -> None:
    assert compile_path("$.note").first(scope()) is None
    assert compile_path("$.gone").first(scope()) is ABSENT
    assert not ABSENT
    assert repr(ABSENT) == "ABSENT"


def test_numbers_keep_the_digits_they_were_sent_with() -> None:
    assert [str(value) for value in found("$.items[*].price")] == ["10.0", "10", "5.50"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$headers.x-event", ["order"]),
        ("$headers.X-Event", ["order"]),
        ("$headers['X-Shop-Id']", ["4"]),
        ("$headers[?@ == '4']", ["4"]),
        ("$headers[*]", ["order", "4"]),
        ("$query.page[1]", ["2"]),
        ("$event.type", ["paid"]),
        ("$event", [{"id": "e-1", "type": "paid"}]),
        ("$item.id", [7]),
        ("$item", [{"id": 7}]),
    ],
)
def test_a_path_begins_at_one_of_five_roots(text: str, wanted: list[Json]) -> None:
    assert found(text, item={"id": 7}) == wanted
    assert compile_path(text).root in ROOTS


def test_outside_of_for_each_there_is_no_item() -> None:
    assert found("$item") == []
    assert found("$item.id") == []
    assert found("$item[*]") == []


@pytest.mark.parametrize(
    "text", ["$", "$.a", "$headers.x", "$query", "$event.id", "$item[0]", "$5", "$USD", "$header.x"]
)
def test_what_begins_with_a_dollar_sign_is_read_as_a_path(text: str) -> None:
    assert is_path(text)


@pytest.mark.parametrize("text", ["", "US$", " $.a", "{$.a}", "a.b", "@.a"])
def test_anything_else_is_not_read_as_a_path(text: str) -> None:
    assert not is_path(text)


@pytest.mark.parametrize("text", ["$.leads.add.0.id", "$.leads.add[0].id", "$.leads.add['0'].id"])
def test_a_member_called_by_a_number_is_found_in_a_forms_map(text: str) -> None:
    assert found(text) == ["5"]


@pytest.mark.parametrize("text", ["$.items.0.sku", "$.items[0].sku", "$.items[-3].sku"])
def test_a_list_item_is_found_by_its_number_with_dot_or_brackets(text: str) -> None:
    assert found(text) == ["py"]


def test_quotes_and_signs_say_for_sure_what_is_meant() -> None:
    assert found("$.items['0']") == []
    assert found("$.leads.add[-1]") == []
    assert found("$.items.00") == []
    assert found("$[-1]", {"-1": "x"}) == []


def test_inside_filters_a_number_in_brackets_is_an_item_only_as_the_rfc_says() -> None:
    assert found("$[?@[0] == 5]", [{"0": 5}, [5]]) == [[5]]
    assert found("$[?@.0 == 5]", [{"0": 5}, [5]]) == [{"0": 5}, [5]]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$.items[*].sku", ["py", "sql", "html"]),
        ("$.leads.add.*.id", ["5", "6"]),
        ("$.leads.add[*].id", ["5", "6"]),
        ("$.id[*]", []),
        ("$.имя.*", []),
        ("$.items[1:].sku", ["sql", "html"]),
        ("$.items[:-1].sku", ["py", "sql"]),
        ("$.items[::-1].sku", ["html", "sql", "py"]),
        ("$.items[::0].sku", []),
        ("$.leads.add[0:1]", []),
        ("$.имя[0:1]", []),
        ("$.items[0,2].sku", ["py", "html"]),
        ("$.items[2,0,0].sku", ["html", "py", "py"]),
        ("$['id','paid','gone']", [17, True]),
        ("$.client['id', 'phones'][0]", ["+7 916"]),
        ("$.items[0, 1:2, ?@.gift].sku", ["py", "sql", "html"]),
        ("$..id", [17, 9007199254740993, "5", "6"]),
        ("$..[0]", ["+7 916", {"sku": "py", "n": 2, "price": 10, "tags": ["new"]}, "new", {"id": "5"}]),
        ("$..tags[*]", ["new"]),
        ("$.items..n", [2, 1, 3]),
        ("$..['n','sku']", [2, "py", 1, "sql", 3, "html"]),
        ("$..[?@.gift].sku", ["html"]),
    ],
)
def test_a_path_can_find_many_values_in_the_order_of_the_document(text: str, wanted: list[Json]) -> None:
    assert found(text) == wanted
    assert not compile_path(text).definite


@pytest.mark.parametrize(
    ("test", "wanted"),
    [
        ("@.gift", ["html"]),
        ("!@.gift", ["py", "sql"]),
        ("@.n == 2", ["py"]),
        ("2 == @.n", ["py"]),
        ("@.n != 2", ["sql", "html"]),
        ("@.n >= 2", ["py", "html"]),
        ("@.n < 2.5", ["py", "sql"]),
        ("@.price == 1e1", ["py", "sql"]),
        ("@.sku > 'k'", ["py", "sql"]),
        ("@.sku == 'py' || @.n == 3 && @.gift", ["py", "html"]),
        ("(@.sku == 'py' || @.n == 3) && @.gift", ["html"]),
        ("!(@.sku == 'py' || @.n == 3)", ["sql"]),
        ("!(@.gift)", ["py", "sql"]),
        ("@.gift == true", ["html"]),
        ("@.gift != true", ["py", "sql"]),
        ("@.gift == @.gone", ["py", "sql"]),
        ("@.tags == @.tags", ["py", "sql", "html"]),
        ("@.tags[0] == 'new'", ["py"]),
        ("@.tags[?@ == 'new']", ["py"]),
        ("@.n == $.codes.min", ["py"]),
        ("@.n > $.codes.min", ["html"]),
        ("@.n == $item.n", ["sql"]),
        ("$event.type == 'paid' && @.gift", ["html"]),
        ("$event.type == 'void'", []),
        ("$.codes[?@ == 2]", ["py", "sql", "html"]),
        ("length(@.sku) == 3", ["sql"]),
        ("length(@) > 3", ["py", "html"]),
        ("length(@.n) == 1", []),
        ("count(@.*) == 4", ["py", "html"]),
        ("value(@.tags[*]) == 'new'", ["py"]),
        ("match(@.sku, 's.*')", ["sql"]),
        ("match(@.sku, 'q')", []),
        ("search(@.sku, '[qy]')", ["py", "sql"]),
        ("!search(@.sku, '[qy]')", ["html"]),
        ("match(@.sku, $.codes.pattern)", ["sql"]),
        ("match(@.sku, $.codes.gone)", []),
        ("match(@.n, '2')", []),
        ("length(value(@.tags)) == 1", ["py"]),
        ("@.sku == 'it\\'s' || @.sku == \"py\"", ["py"]),
    ],
)
def test_a_filter_keeps_the_items_for_which_it_holds(test: str, wanted: list[Json]) -> None:
    assert found(f"$.items[?{test}].sku", item={"n": 1}) == wanted


@pytest.mark.parametrize(
    ("left", "operator", "right", "wanted"),
    [
        (1, "==", True, False),
        (0, "==", False, False),
        ("1", "==", 1, False),
        (None, "==", False, False),
        ({"a": 1, "b": [2]}, "==", {"b": [2], "a": 1}, True),
        ({"a": 1}, "==", {"a": 1, "b": 2}, False),
        ([1, [2]], "==", [1, [2]], True),
        ([1, 2], "==", [1], False),
        ([1], "==", {"0": 1}, False),
        ([1], "!=", [True], True),
        (True, "<=", True, True),
        (True, "<", True, False),
        (None, ">=", None, True),
        ("10", "<", "9", True),
        ("10", "<", 9, False),
        ([1], "<", [2], False),
        ([1], "<=", [1], True),
    ],
)
def test_values_compare_as_the_rfc_says(left: Json, operator: str, right: Json, wanted: bool) -> None:
    assert bool(found(f"$[?@.left {operator} @.right]", [{"left": left, "right": right}])) is wanted


def test_a_number_is_compared_by_value_not_by_digits() -> None:
    assert found("$[?@ == 1.10]", from_json("[1.1, 1.100, 11e-1, 1.11]")) == from_json("[1.1, 1.100, 11e-1]")
    assert found("$[?@ > 9007199254740992]", [9007199254740992, 9007199254740993]) == [9007199254740993]


def test_the_dot_of_a_pattern_is_no_line_end() -> None:
    assert found("$[?match(@, '.')]", ["a", "\n", "\r", "\u2028"]) == ["a", "\u2028"]
    assert found(r"$[?match(@, 'a[.]b\\.c')]", ["a.b.c", "axb.c", "a.bxc"]) == ["a.b.c"]


def test_a_pattern_from_the_document_that_is_none_matches_nothing() -> None:
    assert found("$.texts[?search(@, $.pattern)]", {"texts": ["("], "pattern": "("}) == []
    assert found("$.texts[?search(@, $.pattern)]", {"texts": ["("], "pattern": "\ud800"}) == []


def test_paths_written_alike_are_equal() -> None:
    assert compile_path("$.a.b") == compile_path("$.a.b")
    assert compile_path("$.a.b") != compile_path("$.a.c")
    assert len({compile_path("$.a"), compile_path("$.a")}) == 1


def test_a_definite_path_tells_its_steps() -> None:
    assert compile_path("$.a['b c'][0][-1].1").steps == ("a", "b c", 0, -1, "1")
    assert compile_path("$").steps == ()
    assert compile_path("$.a[*]").steps == ()
