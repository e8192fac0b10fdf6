"""The `tests:` of mapping files, run, and what they leave out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bridge.mapping.author.examples import ReadSample, Result, run_example
from bridge.mapping.lint.coverage import Coverage, coverage
from bridge.mapping.rules.apply import MappingFile


@dataclass(frozen=True, slots=True)
class Ran:
    """The tests of one file."""

    mapping: MappingFile
    results: tuple[Result, ...]

    @property
    def path(self) -> str:
        """Of the file."""
        return self.mapping.path

    @property
    def failed(self) -> tuple[Result, ...]:
        """The tests that showed something else than they expect."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def covered(self) -> Coverage:
        """Which rules and conditions the tests exercise."""
        return coverage(self.mapping, (event for result in self.results for event in result.events))


def run_tests(mapping: MappingFile, read_sample: ReadSample) -> Ran:
    """Run all tests of a file; whatever goes wrong in one is told by its result."""
    return Ran(mapping, tuple(run_example(mapping, example, read_sample) for example in mapping.tests))


def beside(path: str) -> ReadSample:
    """Samples are read from the folder of the mapping file at this path."""
    folder = Path(path).parent
    return lambda name: (folder / name).read_bytes()
