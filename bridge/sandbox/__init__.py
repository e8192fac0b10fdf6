"""A local LeadConverter for trying out and for tests.

It reads and answers requests with the standard library alone, so that it shares no fault with the packages
that the bridge uses.
"""
