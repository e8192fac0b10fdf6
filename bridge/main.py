"""The command line: runs one verb, and is the only place that turns errors into exit codes."""

from __future__ import annotations

import atexit
import gc
import io
import sys
import traceback

import click

from bridge import __version__
from bridge.commands.group import Sections
from bridge.commands.show.language import said, speak
from bridge.commands.show.output import say, say_error
from bridge.errors import BridgeError
from bridge.reasons.commands import CommandCode
from bridge.reasons.reason import Reason
from bridge.settings import language

BUG = 3
INTERRUPTED = 130

_GARBAGE_AFTER = 50_000
"""The garbage collector's threshold. Reading mapping files makes no garbage, but with Python's default of 700
takes half as long again."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns 0 done, 1 findings or refusal, 2 usage, 3 bug, 130 interrupt."""
    gc.set_threshold(_GARBAGE_AFTER)
    # No garbage collection at exit: after many rules it took a fifth of the time of a check.
    atexit.register(gc.freeze)
    _escape_unknown_letters()
    speak(language())
    try:
        result = leadbridge.main(arguments, "leadbridge", standalone_mode=False)
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BridgeError as error:
        say_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:
        traceback.print_exc()
        say(said(Reason(CommandCode.BUG)))
        return BUG
    return result if isinstance(result, int) else 0


def _escape_unknown_letters() -> None:
    """Print an escape where the encoding of the terminal lacks a letter, instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@click.group(cls=Sections, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="leadbridge")
def leadbridge() -> None:
    """Webhooks in, LeadConverter bot starts out: durable, once, in order, and visible.

    Settings come from the environment and from the file .env in the working folder: LEADCONVERTER_TOKEN,
    DATABASE_URL, BRIDGE_MAPPINGS, PORT and others, described in the README.
    """


leadbridge.arrange(
    {
        "Run it": {
            "init": "bridge.commands.init:init",
            "run": "bridge.commands.run:run",
            "serve": "bridge.commands.serve:serve",
            "worker": "bridge.commands.worker:worker",
            "migrate": "bridge.commands.migrate:migrate",
            "sandbox": "bridge.commands.sandbox:sandbox",
        },
        "Write rules": {
            "new": "bridge.commands.new:new",
            "check": "bridge.commands.check:check",
            "test": "bridge.commands.test:test",
            "try": "bridge.commands.try_:try_",
            "review": "bridge.commands.review:review",
            "backtest": "bridge.commands.backtest:backtest",
            "profiles": "bridge.commands.profiles:profiles",
            "schema": "bridge.commands.schema:schema",
        },
        "Look": {
            "events": "bridge.commands.events:events",
            "calls": "bridge.commands.calls:calls",
            "explain": "bridge.commands.explain:explain",
            "doctor": "bridge.commands.doctor:doctor",
        },
        "Decide": {
            "replay": "bridge.commands.replay:replay",
            "resolve": "bridge.commands.resolve:resolve",
            "pause": "bridge.commands.pause:pause",
            "resume": "bridge.commands.pause:resume",
            "purge": "bridge.commands.purge:purge",
        },
    }
)
