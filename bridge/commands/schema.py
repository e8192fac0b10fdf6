"""`leadbridge schema`: the JSON Schema of a mapping file or of the accounts file, for editors."""

from __future__ import annotations

import json

import click

from bridge.language.file_schemas import accounts_schema, mapping_schema


def schema(*, accounts: bool) -> int:
    """Print one of them."""
    made = accounts_schema() if accounts else mapping_schema()
    click.echo(json.dumps(made, ensure_ascii=False, indent=1))
    return 0
