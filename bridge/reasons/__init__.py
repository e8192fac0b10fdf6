"""Judgements as data: a code of an enumeration and its parameters. `bridge.text` renders them."""
