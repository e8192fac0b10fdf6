from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.dispatch.policy.request import URL_LIMIT, Outgoing, UnsendableError, build
from bridge.model import Account, BotStart, Recipient

ACCOUNT = Account("main", "t-0k/en", "https://leadconverter.test/")
START = BotStart("paid", 0, "main", Recipient(subscriber_id=778899), 4512, (("amount", "1990.00"),))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def sent(outgoing: Outgoing) -> list[tuple[str, str]]:
    """What a server makes of the request's query and body."""
    query = urlsplit(outgoing.url).query
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    return pairs + parse_qsl(outgoing.body.decode(), keep_blank_values=True)


def test_a_start_by_subscriber_id_is_the_documented_request() -> None:
    outgoing = build(START, ACCOUNT, 7)
    assert outgoing.method == "POST"
    assert outgoing.url == (
        "https://leadconverter.test/api/v1/t-0k%2Fen/bot.startWithVariables"
        "?subscriber_id=778899&bot_id=4512&variable%5Bamount%5D=1990.00"
    )
    assert outgoing.body == b""
    assert outgoing.headers == {"Accept": "application/json", "Content-Length": "0"}


def test_a_start_by_messenger_ids_names_person_and_channel() -> None:
    start = replace(START, recipient=Recipient(user_id="u/1 &", channel_id="7"), variables=())
    assert sent(build(start, ACCOUNT, 7)) == [("user_id", "u/1 &"), ("channel_id", "7"), ("bot_id", "4512")]


@pytest.mark.parametrize("spelling", ["true", "1"])
def test_forced_travels_only_when_true_and_as_the_account_spells_it(spelling: str) -> None:
    account = replace(ACCOUNT, forced_value=spelling)
    assert ("forced", spelling) in sent(build(replace(START, forced=True), account, 7))
    assert "forced" not in dict(sent(build(START, account, 7)))


def test_a_value_that_looks_like_parameters_stays_a_value() -> None:
    start = replace(START, variables=(("note", "1&forced=true&variable[x]=y"),))
    assert sent(build(start, ACCOUNT, 7)) == [
        ("subscriber_id", "778899"),
        ("bot_id", "4512"),
        ("variable[note]", "1&forced=true&variable[x]=y"),
    ]


def test_the_call_id_travels_as_a_variable_where_the_account_asks_for_it() -> None:
    account = replace(ACCOUNT, call_id_variable="bridge_call")
    start = replace(START, variables=(("bridge_call", "from the rule"), ("amount", "5")))
    assert sent(build(start, account, 41))[2:] == [("variable[amount]", "5"), ("variable[bridge_call]", "41")]


def test_a_long_start_goes_in_a_form_body_when_the_account_allows() -> None:
    start = replace(START, variables=(("text", "ё" * 1200),))
    outgoing = build(start, ACCOUNT, 7)
    assert outgoing.url == "https://leadconverter.test/api/v1/t-0k%2Fen/bot.startWithVariables"
    assert outgoing.headers == {
        "Accept": "application/json",
        "Content-Length": str(len(outgoing.body)),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    assert dict(sent(outgoing))["variable[text]"] == "ё" * 1200


def test_the_form_begins_one_byte_above_the_limit() -> None:
    room = URL_LIMIT - len(build(replace(START, variables=(("text", ""),)), ACCOUNT, 7).url)
    assert build(replace(START, variables=(("text", "x" * room),)), ACCOUNT, 7).body == b""
    assert build(replace(START, variables=(("text", "x" * (room + 1)),)), ACCOUNT, 7).body != b""


def test_an_account_of_forms_sends_even_short_starts_in_the_body() -> None:
    outgoing = build(START, replace(ACCOUNT, parameters="form"), 7)
    assert outgoing.body == b"subscriber_id=778899&bot_id=4512&variable%5Bamount%5D=1990.00"


def test_a_start_too_long_for_an_account_of_queries_is_refused_with_the_way_out() -> None:
    start = replace(START, variables=(("text", "x" * URL_LIMIT),))
    with pytest.raises(UnsendableError) as caught:
        build(start, replace(ACCOUNT, parameters="query"), 7)
    assert caught.value.message == "the encoded URL has 7119 bytes, more than 7000"
    assert caught.value.hint == "shorten the variables, or set `parameters: auto` for this account"


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(UnsendableError) as caught:
        build(replace(START, variables=(("text", "\ud83d"),)), ACCOUNT, 7)
    assert caught.value.message == "a value contains an unpaired surrogate, which UTF-8 cannot encode"


def test_the_token_is_not_in_the_repr() -> None:
    assert "t-0k" not in repr(build(START, ACCOUNT, 7))


@given(
    st.lists(st.tuples(texts, texts), max_size=6),
    texts,
    texts,
    st.booleans(),
    st.sampled_from(["auto", "form"]),
)
def test_any_text_parses_back_to_exactly_the_intended_parameters(
    variables: list[tuple[str, str]], user: str, channel: str, forced: bool, way: str
) -> None:
    account = replace(ACCOUNT, parameters="form" if way == "form" else "auto")
    person = Recipient(user_id=user, channel_id=channel)
    start = replace(START, recipient=person, variables=tuple(variables), forced=forced)
    assert sent(build(start, account, 7)) == [
        ("user_id", user),
        ("channel_id", channel),
        ("bot_id", "4512"),
        *[(f"variable[{name}]", value) for name, value in variables],
        *([("forced", "true")] if forced else []),
    ]
