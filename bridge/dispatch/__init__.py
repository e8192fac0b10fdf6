"""A call becomes a request, and its outcome."""
