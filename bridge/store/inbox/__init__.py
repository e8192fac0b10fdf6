"""Stores webhooks: events, their repeats and replies, refusals, replays; purges old ones."""
