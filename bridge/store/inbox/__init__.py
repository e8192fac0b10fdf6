"""Webhooks at rest: events, their repeats and replies, refusals, replays, purging."""
