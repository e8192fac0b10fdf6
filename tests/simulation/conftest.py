from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.simulation.memory import Memory


@pytest.fixture(scope="module")
def memory() -> Iterator[Memory]:
    made = Memory()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _silent() -> Iterator[None]:
    """A history's own trace says more than its log, and millions of lines take time."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
