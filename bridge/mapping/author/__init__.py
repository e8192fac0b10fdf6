"""Help for the authors of rules: drafts, explanations, rewriting, samples without private data."""
