"""The verbs of the command line, one a file: its options and help, then its work."""
