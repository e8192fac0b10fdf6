"""Mapping files become compiled sources, rules and accounts, or findings."""
