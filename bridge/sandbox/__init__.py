"""A local LeadConverter for tests: an HTTP server that sends any fault on request."""
