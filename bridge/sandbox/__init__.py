"""A local LeadConverter for trying out and for tests.

It stands on the standard library alone, so that what it finds wrong is never the fault of a piece that the
bridge also uses.
"""
