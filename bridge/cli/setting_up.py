"""`leadbridge init`, which needs no settings: it makes them."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.commands import init as init_command


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> int:
    """Make FOLDER to run from: settings with a new console password in .env, an empty mappings/.

    A folder that has anything in it is left as it is. Prints what to do next.

    \b
    Example:
      leadbridge init shop-bridge
    """
    return init_command.init(folder)
