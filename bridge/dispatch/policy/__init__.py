"""What is decided about calls and accounts: outcome, retry, pace, breaker. Pure."""
