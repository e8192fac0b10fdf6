"""The words of the bridge in every language, and the one renderer of reasons."""
