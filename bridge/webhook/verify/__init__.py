"""Proof that a request is from its sender."""
