"""Durable peers: what an engineer would write in an afternoon so that no accepted webhook is lost.

They run in an environment of their own, which holds nothing of leadbridge (`benchmarks/common/install.py`).
"""
