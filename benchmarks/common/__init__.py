"""What the benchmarks share: a work load, a load generator, an installation of its own, a table."""
