"""The queue of calls: claims, attempts, pauses and decisions, and the state of accounts."""
