"""Runs the `tests:` of mapping files, and measures their coverage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bridge.mapping.author.examples import ReadSample, Result, run_example
from bridge.mapping.lint.coverage import Coverage, coverage
from bridge.mapping.rules.apply import MappingFile


@dataclass(frozen=True, slots=True)
class RanTests:
    """The results of the tests of one file."""

    mapping: MappingFile
    results: tuple[Result, ...]

    @property
    def path(self) -> str:
        """The path of the file."""
        return self.mapping.path

    @property
    def failed(self) -> tuple[Result, ...]:
        """The results of tests that failed."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def covered(self) -> Coverage:
        """Which rules and conditions the tests cover."""
        return coverage(self.mapping, (event for result in self.results for event in result.events))


def run_tests(mapping: MappingFile, read_sample: ReadSample) -> RanTests:
    """Run all tests of a file. Errors in a test are part of its result."""
    return RanTests(mapping, tuple(run_example(mapping, example, read_sample) for example in mapping.tests))


def sample_reader(path: str) -> ReadSample:
    """A function that reads samples from the folder of this mapping file."""
    folder = Path(path).parent
    return lambda name: (folder / name).read_bytes()
