"""Warnings about rules that compile, but are probably wrong."""
