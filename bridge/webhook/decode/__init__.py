"""A body becomes a document."""
