"""Alerts to the owner: what happened, its words, and delivering them."""
