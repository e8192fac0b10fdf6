"""Mapping files from YAML texts, and events to hold against them."""

from __future__ import annotations

from textwrap import indent

from bridge.mapping.compile.compiler import Compiled, compile_files
from bridge.mapping.rules.apply import MappingFile, apply
from bridge.model import Application, BotStart, Event, Json

ENVIRONMENT = {"LEADCONVERTER_TOKEN": "t-main", "SHOP_SECRET": "s-shop"}

LITERAL = "W514"
"""Most rules of these tests start a bot for one literal recipient, for brevity."""

HEAD = """\
source: shop
body: json
secret: ${SHOP_SECRET}
verify:
  token: {header: X-Token}
event: {id: $.id, type: $.type}
"""
TESTS = """\
tests:
  - name: nothing
    body: {}
    expect: []
"""


def compiled(
    text: str, *, accounts: str | None = None, environment: dict[str, str] | None = None
) -> Compiled:
    """A set of one mapping file, and perhaps of accounts."""
    files = {"mappings/shop.yml": text.encode()}
    if accounts is not None:
        files["mappings/accounts.yml"] = accounts.encode()
    return compile_files(files, ENVIRONMENT if environment is None else environment)


def mapping(rules: str, *, tests: str = TESTS) -> MappingFile:
    """A mapping file without findings that has these rules."""
    result = compiled(f"{HEAD}rules:\n{indent(rules, '  ')}\n{tests}")
    assert [str(finding) for finding in result.findings if finding.code != LITERAL] == []
    return result.sources["shop"]


def findings(rules: str, *, tests: str = TESTS, accounts: str | None = None) -> list[str]:
    """The findings of a file with these rules but LITERAL; lines are counted from the first rule's."""
    result = compiled(f"{HEAD}rules:\n{indent(rules, '  ')}\n{tests}", accounts=accounts)
    return [_moved(str(finding)) for finding in result.findings if finding.code != LITERAL]


def _moved(finding: str) -> str:
    path, line, column, rest = finding.split(":", 3)
    where = f"{int(line) - HEAD.count(chr(10)) - 1}:{int(column) - 2}:{rest}"
    return where if path.endswith("shop.yml") else finding


def event(body: Json = None, **facts: str) -> Event:
    return Event("shop", facts.get("id", "e-1"), facts.get("type", "paid"), 1_700_000_000_000, body, {}, {})


def applied(rules: str, body: Json = None, **facts: str) -> Application:
    """What these rules make of an event with this document."""
    return apply(mapping(rules), event(body, **facts))


def start_of(rules: str, body: Json = None) -> BotStart:
    """The one start of these rules."""
    application = applied(rules, body)
    assert application.failures == ()
    assert len(application.starts) == 1
    return application.starts[0]
