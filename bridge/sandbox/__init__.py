"""A local LeadConverter for trying out and for tests."""
