"""`leadbridge init`: create a folder to run from."""

from __future__ import annotations

import os
import secrets
import shlex
from pathlib import Path

import click

from bridge.commands.show.language import said
from bridge.commands.show.output import printable
from bridge.errors import BridgeError
from bridge.reasons.commands import CommandCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.settings import DOTENV

_SETTINGS = """\
# Settings and secrets of this bridge. Every leadbridge command that runs in this folder reads them.
# The environment wins over this file. Keep it out of version control.

# From your LeadConverter project. While it is empty, webhooks are accepted and their calls wait.
LEADCONVERTER_TOKEN=

# Opens the console at /console/.
BRIDGE_CONSOLE_PASSWORD={password}

# 1: mapping files may be saved from the console.
BRIDGE_CONSOLE_EDIT=0

# How senders reach this bridge, for the URLs that are shown and those that are signed.
# BRIDGE_PUBLIC_URL=https://hooks.example.com

# The secrets of your senders, which mapping files name as ${{NAME}}.
# SHOP_SECRET=
"""
_NEXT = """\
{made}

{next}
  cd {folder}
  ${{EDITOR:-nano}} .env                                  # {token}
  leadbridge new shop --profile json                    # {source}
  leadbridge doctor
  leadbridge run                                        # {console}\
"""
_CONSOLE = "http://127.0.0.1:8080/console/"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> int:
    """Create FOLDER to run from: settings with a new console password in .env, an empty mappings/.

    A folder that is not empty is refused and not changed. Prints what to do next.

    \b
    Example:
      leadbridge init shop-bridge
    """
    return create_folder(folder)


def create_folder(folder: Path) -> int:
    """Create the folder with `.env` and an empty `mappings/`; raises BridgeError if it is not empty."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BridgeError(
                Reason(ErrorCode.FOLDER_NOT_EMPTY, path=str(folder)), Reason(ErrorCode.NAME_NEW_FOLDER)
            )
        _write_private(folder / DOTENV, _SETTINGS.format(password=secrets.token_urlsafe(18)))
        (folder / "mappings").mkdir(mode=0o700)
    except OSError as error:
        reason = Reason(ErrorCode.UNMADE, path=str(error.filename), detail=error.strerror)
        raise BridgeError(reason, Reason(ErrorCode.NAME_WRITABLE_FOLDER)) from error
    _print_next(printable(shlex.quote(str(folder))))
    return 0


def _print_next(folder: str) -> None:
    text = _NEXT.format(
        folder=folder,
        made=said(Reason(CommandCode.MADE_FOLDER, folder=folder, dotenv=DOTENV)),
        next=said(Reason(CommandCode.NEXT_STEPS)),
        token=said(Reason(CommandCode.SET_TOKEN)),
        source=said(Reason(CommandCode.FIRST_SOURCE)),
        console=said(Reason(CommandCode.CONSOLE_AT, url=_CONSOLE)),
    )
    click.echo(text)


def _write_private(path: Path, text: str) -> None:
    """Create a file that only its owner can read, for any umask."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
