"""Calls at rest: what is owed, claimed, sent and settled, and the accounts that they go to."""
