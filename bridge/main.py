"""The command line: parses words, calls one verb, and is the one place where errors become exit codes."""

from __future__ import annotations

import sys
import traceback

import click

from bridge import __version__, logs, settings
from bridge.commands import migrate as migrate_command
from bridge.commands import run as run_command
from bridge.commands import sandbox as sandbox_command
from bridge.commands import serve as serve_command
from bridge.commands import worker as worker_command
from bridge.errors import BridgeError

BUG = 3
INTERRUPTED = 130

_port = click.IntRange(1, 65535)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 1 findings or refusal, 2 usage, 3 bug, 130 interrupt."""
    try:
        result = leadbridge.main(arguments, "leadbridge", standalone_mode=False)
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BridgeError as error:
        click.echo(f"error: {error.message}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception:
        traceback.print_exc()
        click.echo("this is a bug in leadbridge; please report it with the lines above", err=True)
        return BUG
    return result if isinstance(result, int) else 0


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="leadbridge")
def leadbridge() -> None:
    """Webhooks in, LeadConverter bot starts out: durable, once, in order, and visible.

    Settings come from the environment: LEADCONVERTER_TOKEN, DATABASE_URL, BRIDGE_MAPPINGS, PORT and others,
    described in the README.
    """


@leadbridge.command()
@click.option("--port", type=_port, help="Where webhooks arrive (PORT, else 8080).")
@click.option("--sandbox", is_flag=True, help="Add a local LeadConverter that takes every call: nobody is messaged.")
@click.option("--sandbox-port", type=_port, default=8090, show_default=True, help="Where the sandbox listens.")
@click.option("--demo", is_flag=True, help="Send one shipped sample webhook through and print its story.")
def run(port: int | None, sandbox: bool, sandbox_port: int, demo: bool) -> int:
    """Run everything in one process tree: migrate, web, dispatcher. Ctrl-C stops it cleanly."""
    if demo and not sandbox:
        raise click.UsageError("--demo needs --sandbox: it starts a bot, and that must not be a real one")
    return run_command.run(_loaded(), port, sandbox_port if sandbox else None, demo=demo)


@leadbridge.command()
@click.option("--host", help="Address to listen on (BRIDGE_HOST, else 127.0.0.1).")
@click.option("--port", type=_port, help="Port to listen on (PORT, else 8080).")
def serve(host: str | None, port: int | None) -> int:
    """The web process: takes webhooks in and stores them."""
    given = {"BRIDGE_HOST": host, "PORT": port and str(port)}
    return serve_command.serve(_loaded(), {name: value for name, value in given.items() if value})


@leadbridge.command()
def worker() -> int:
    """The dispatcher process: sends what is due to LeadConverter. Any number may run."""
    return worker_command.worker(_loaded())


@leadbridge.command()
def migrate() -> int:
    """Bring the database to this version's tables. Safe to run again."""
    return migrate_command.migrate(_loaded())


@leadbridge.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=_port, default=8090, show_default=True, help="Port to listen on.")
@click.option("--latency-ms", type=click.IntRange(0, 60000), default=0, help="Wait before each answer.")
def sandbox(host: str, port: int, latency_ms: int) -> int:
    """A local LeadConverter for trying out: checks calls, plays faults, shows what it got."""
    return sandbox_command.sandbox(host, port, latency_ms)


def _loaded() -> settings.Settings:
    loaded = settings.load()
    logs.set_up(loaded.log)
    return loaded
