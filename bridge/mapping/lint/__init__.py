"""Finds rules that compile, but are probably wrong."""
