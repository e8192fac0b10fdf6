"""Texts in every language, and the renderer of reasons."""
