"""Verifies and decodes requests, and makes events of them. Pure."""
