"""A webhook as it may be shown: without its secrets."""
