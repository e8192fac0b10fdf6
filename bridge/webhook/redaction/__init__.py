"""Removes secrets from webhooks that are shown."""
