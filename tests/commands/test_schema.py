from __future__ import annotations

from bridge.language.file_schemas import accounts_schema, mapping_schema
from tests.commands.conftest import Desk


def test_the_schema_of_mapping_files_is_printed_for_an_editor(desk: Desk) -> None:
    ran = desk.run("schema")
    assert ran.code == 0
    assert ran.json == mapping_schema()


def test_the_schema_of_the_accounts_file_is_the_other_one(desk: Desk) -> None:
    assert desk.run("schema", "--accounts").json == accounts_schema()
