"""Decodes bodies of requests into documents."""
