"""Verifies the sender of a request."""
