"""`leadbridge schema`: print the JSON Schema of mapping files or of the accounts file, for editors."""

from __future__ import annotations

import json

import click

from bridge.language.file_schemas import accounts_schema, mapping_schema


@click.command()
@click.option("--accounts", is_flag=True, help="Print the schema of mappings/accounts.yml instead.")
def schema(accounts: bool) -> int:
    """Print the JSON Schema of mapping files, for editors that complete and check while you type.

    Name the file in the first line of a mapping file, for instance
    `# yaml-language-server: $schema=../mapping.schema.json`.

    \b
    Example:
      leadbridge schema > mapping.schema.json
    """
    made = accounts_schema() if accounts else mapping_schema()
    click.echo(json.dumps(made, ensure_ascii=False, indent=1))
    return 0
