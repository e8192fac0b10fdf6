"""Built-in sources: data."""
