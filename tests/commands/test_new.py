from __future__ import annotations

import json

import pytest

from bridge.model import Request
from bridge.operations.authoring.mapping_files import UNSET
from bridge.webhook.profiles import load_profiles
from tests.commands.conftest import TOKEN, Desk, Office, Ran
from tests.support.filling import filled
from tests.webhook.test_own_samples import SAMPLES

PRIVATE = [
    "+7 (916) 123-45-67",
    "+79161234567",
    "maria.ivanova@yandex.ru",
    "Мария",
    "Иванова",
    "sk_live_9a8b7c6d5e4f3a2b1c0d",
    "778899",
    "Ленина",
]
ORDER = {
    "event": "order.paid",
    "event_id": "ev-1",
    "order": {"number": "A-17", "total": 1990.5, "status": "paid", "comment": "Мария, +7 (916) 123-45-67"},
    "customer": {
        "name": "Мария Иванова",
        "phone": "+79161234567",
        "email": "maria.ivanova@yandex.ru",
        "lc_subscriber_id": 778899,
        "address": "ул. Ленина, 1",
    },
    "about": "Оплата: Мария Иванова, maria.ivanova@yandex.ru",
    "api_token": "sk_live_9a8b7c6d5e4f3a2b1c0d",
}
PAYPAL = Request(
    "POST",
    "",
    (("Content-Type", "application/json"),),
    b'{"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {"id": "2", "custom_id": "5"}}',
    "",
)
REQUESTS = {**{name: sample.request for name, sample in SAMPLES.items()}, "paypal": PAYPAL}


def begun(desk: Desk, source: str, request: Request, *words: str) -> Ran:
    """`leadbridge new` from a request."""
    (desk.folder / "came").write_bytes(request.body)
    headers = [word for name, value in request.headers for word in ("--header", f"{name}: {value}")]
    more = ["--query", request.query, "--method", request.method, *headers]
    return desk.run("new", source, "--from", "came", *more, *words)


def order(**changes: object) -> Request:
    return Request("POST", "", (), json.dumps({**ORDER, **changes}, ensure_ascii=False).encode(), "")


def tried(desk: Desk, request: Request) -> list[dict[str, object]]:
    """The calls that `leadbridge try` shows for the webhook as it came."""
    (desk.folder / "came").write_bytes(request.body)
    headers = [word for name, value in request.headers for word in ("--header", f"{name}: {value}")]
    more = ["--query", request.query, "--method", request.method, *headers]
    ran = desk.run("try", "mappings/made-up.yml", "came", *more, "--json")
    assert ran.code == 0, ran.err
    return [call for event in ran.json for call in event["calls"]]


def fill_in(desk: Desk) -> None:
    """What the author does with the draft before anything else."""
    desk.write("mappings/made-up.yml", filled(text(desk)))


def text(desk: Desk, name: str = "mappings/made-up.yml") -> str:
    return (desk.folder / name).read_text()


@pytest.mark.parametrize("profile", load_profiles())
def test_what_is_begun_from_a_sample_of_any_profile_is_without_findings_and_passes(
    desk: Desk, profile: str
) -> None:
    ran = begun(desk, "made-up", REQUESTS[profile], "--profile", profile)
    assert ran.code == 0, ran.err
    path = "mappings/made-up.yml"
    fill_in(desk)
    checked = desk.run("check", path)
    assert checked.code == 0
    assert [line for line in checked.lines if UNSET not in line] == []
    tested = desk.run("test", path)
    assert (tested.code, tested.lines) == (0, [f"{path} ."])
    assert "rule: first rule" in text(desk)
    assert [call["bot_id"] for call in tried(desk, REQUESTS[profile])].count(4512) >= 1


@pytest.mark.parametrize("profile", load_profiles())
def test_what_is_begun_from_a_profile_alone_is_without_errors_and_passes(desk: Desk, profile: str) -> None:
    assert desk.run("new", "made-up", "--profile", profile).code == 0
    assert desk.run("check", "mappings/made-up.yml").code == 1
    fill_in(desk)
    assert desk.run("check", "mappings/made-up.yml").code == 0
    assert desk.run("test", "mappings/made-up.yml").code == 0


def test_a_rule_is_guessed_for_a_shop_that_nobody_knows(desk: Desk) -> None:
    ran = begun(desk, "made-up", order())
    assert ran.lines == ["mappings/made-up.yml", "mappings/samples/made-up.json"]
    assert (
        text(desk).split("tests:")[0]
        == """\
# yaml-language-server: $schema=mapping.schema.json
source: made-up   # webhooks go to https://YOUR-HOST/hooks/made-up
profile: json
secret: ${MADE_UP_TOKEN}   # the sender shows it as leadbridge profiles show json says
event:
  id: $.event_id   # repeats of it are recognised
  type: $.event

rules:
  - name: first rule
    when:   # all of it must hold
      $event.type: order.paid
      $.order.status: paid
    start:
      subscriber_id: $.customer.lc_subscriber_id   # is it the right id?
      bot_id: FILL_IN   # the id of the bot to start, as LeadConverter shows it
      variables:
        phone: $.customer.phone
        email: $.customer.email
        amount: $.order.total
        status: $.order.status
        name: $.customer.name
        order: $.order.number
    shadow: true   # recorded, never sent: remove this line once the recipient is right

"""
    )
    fill_in(desk)
    assert [one for one in desk.run("check", "mappings/made-up.yml").lines if UNSET not in one] == []
    assert desk.run("test", "mappings/made-up.yml").code == 0


def test_nobody_is_left_in_what_is_written(desk: Desk) -> None:
    begun(desk, "made-up", order(), "--header", f"X-Auth-Token: {TOKEN}", "--query", "phone=%2B79161234567")
    written = text(desk) + text(desk, "mappings/samples/made-up.json")
    assert [one for one in (*PRIVATE, TOKEN, "79161234567") if one in written] == []
    sample = json.loads(text(desk, "mappings/samples/made-up.json"))
    assert sample["order"]["total"] == 1990.5
    assert len(sample["customer"]["phone"]) == len("+79161234567")
    assert sample["customer"]["name"] in sample["about"]


def test_a_form_stays_a_form(desk: Desk) -> None:
    body = b"event=paid&customer%5Bphone%5D=%2B79161234567&sum=10.00&subscriber_id=778899"
    begun(desk, "made-up", Request("POST", "", (), body, ""))
    sample = text(desk, "mappings/samples/made-up.form")
    assert sample.startswith("event=paid&customer%5Bphone%5D=%2B7")
    assert "79161234567" not in sample
    assert "profile: form" in text(desk)
    assert "phone: $.customer.phone" in text(desk)
    fill_in(desk)
    assert desk.run("test", "mappings/made-up.yml").code == 0


def test_an_amount_is_the_total_and_may_be_below_its_name(desk: Desk) -> None:
    items = [{"price": 5, "name": "a"}]
    body = json.dumps({"id": 1, "items": items, "payment": {"amount": {"value": "10.00", "currency": "RUB"}}})
    begun(desk, "made-up", Request("POST", "", (), body.encode(), ""))
    assert "amount: $.payment.amount.value\n" in text(desk)


def test_the_type_of_an_event_stays_though_its_key_may_name_people(desk: Desk) -> None:
    form = b"Name=%D0%9C%D0%B0%D1%80%D0%B8%D1%8F&formid=form1&formname=Cart&tranid=1%3A2"
    begun(desk, "made-up", Request("POST", "", (), form, ""), "--profile", "tilda")
    assert "$event.type: Cart" in text(desk)
    assert "Name=%D0%9C%D0%B0%D1%80%D0%B8%D1%8F" not in text(desk, "mappings/samples/made-up.form")


def test_without_a_recipient_the_rule_says_what_is_missing(desk: Desk) -> None:
    begun(desk, "made-up", Request("POST", "", (), b'{"id": 1, "sum": 5}', ""))
    assert "subscriber_id: FILL_IN   # the path of the subscriber's id in the webhook, or " in text(desk)
    assert "shadow: true" in text(desk)
    fill_in(desk)
    assert desk.run("test", "mappings/made-up.yml").code == 0


def test_what_is_begun_says_what_is_to_be_filled_in_and_is_not_taken_into_use_before(desk: Desk) -> None:
    ran = begun(desk, "made-up", order())
    assert ran.err == (
        "next: replace FILL_IN in mappings/made-up.yml (line 16), then leadbridge check and test\n"
        "until then no change in mappings takes effect\n"
    )
    checked = desk.run("check", "mappings/made-up.yml")
    assert (checked.code, [line for line in checked.lines if UNSET not in line]) == (
        1,
        [
            "mappings/made-up.yml:16:15: M111 FILL_IN is a placeholder; "
            "write the id of the bot to start, as LeadConverter shows it"
        ],
    )
    assert desk.run("test", "mappings/made-up.yml").code == 1
    tried = desk.run("try", "mappings/made-up.yml", "mappings/samples/made-up.json")
    assert tried.code == 1
    assert "FILL_IN is a placeholder" in tried.err


def test_a_stored_event_can_be_begun_from(office: Office) -> None:
    number = office.webhook(name="Мария", phone="+79161234567")
    ran = office.run("new", "made-up", "--from", str(number))
    assert ran.code == 0, ran.err
    written = text(office) + text(office, "mappings/samples/made-up.json")
    assert [one for one in ("Мария", "79161234567", "shop-secret-11") if one in written] == []
    fill_in(office)
    assert office.run("test", "mappings/made-up.yml").code == 0


def test_nothing_is_overwritten_unless_forced(desk: Desk) -> None:
    before = text(desk, "mappings/shop.yml")
    refused = begun(desk, "shop", order())
    assert (refused.code, refused.err) == (
        2,
        "error: mappings/shop.yml exists already\nhint: give --force to overwrite it\n",
    )
    assert text(desk, "mappings/shop.yml") == before
    assert not (desk.folder / "mappings/samples").exists()
    assert begun(desk, "shop", order(), "--force").code == 0


def test_the_schema_that_the_first_line_names_is_there(desk: Desk) -> None:
    begun(desk, "made-up", order())
    schema = json.loads(text(desk, "mappings/mapping.schema.json"))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["a/b", "--profile", "json"], 'expected letters, digits, - and _, found "a/b"'),
        (["x", "--profile", "strip"], 'no profile is called "strip"; did you mean "stripe"?'),
        (["x"], "there is nothing to make a mapping file from"),
        (["x", "--from", "gone.json"], '--from is "gone.json", expected the number of an event or a file'),
        (["x", "--from", "binary"], "the webhook cannot be decoded: "),
    ],
)
def test_what_cannot_be_begun_is_refused(desk: Desk, words: list[str], error: str) -> None:
    (desk.folder / "binary").write_bytes(b"\xff\xfe\x00")
    ran = desk.run("new", *words, *(["--profile", "json"] if "binary" in words else []))
    assert ran.code == 2
    assert error in ran.err


def test_what_is_begun_is_explained_in_the_language_of_the_user(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_LANG", "ru")
    ran = begun(desk, "made-up", order())
    assert ran.err == (
        "дальше: замените FILL_IN в mappings/made-up.yml (строка 16), затем запустите leadbridge check и "
        "leadbridge test\nдо этого изменения в mappings не вступят в силу\n"
    )
    again = desk.run("new", "made-up", "--profile", "json").err
    assert "mappings/made-up.yml уже есть\n" in again
    assert "чтобы перезаписать, укажите --force\n" in again
