"""A local LeadConverter for trying out and for tests.

`run` is the blocking server of a command, `serve` the coroutine beneath it. It stands on the standard library
alone, so that what it finds wrong is never the fault of a piece that the bridge also uses.
"""

from bridge.sandbox.server import DEFAULT, Options, run, serve

__all__ = ["DEFAULT", "Options", "run", "serve"]
