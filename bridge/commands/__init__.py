"""One verb per file: plain arguments in, exit code out."""
