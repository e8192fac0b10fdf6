"""Writes nodes as one line of YAML, close to the original text, so that they can be read again."""

from __future__ import annotations

import re

from bridge.jsonpath.exact_numbers import to_json
from bridge.language.nodes import Mapping, Node, Scalar, Sequence

_FLOW_PLAIN = re.compile(r"[\w$./+\-]+(?: [\w$./+\-]+)*")
_BLOCK_RISK = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]|: | #|^[\s>|@`%&*!?'\"{\[#,\-]|:$|\s$|^$")


def entry_text(key: Scalar, node: Node) -> str:
    """One entry of a mapping as a line of YAML: `$.status: [paid, done]`."""
    value = _scalar(node, _BLOCK_RISK.search(node.text) is None) if isinstance(node, Scalar) else flow(node)
    return f"{_scalar(key, _BLOCK_RISK.search(key.text) is None)}: {value}"


def flow(node: Node) -> str:
    """A node in YAML's flow style."""
    match node:
        case Scalar():
            return _scalar(node, _FLOW_PLAIN.fullmatch(node.text) is not None)
        case Sequence(items=items):
            return f"[{', '.join(flow(item) for item in items)}]"
        case Mapping(entries=entries):
            return f"{{{', '.join(f'{flow(key)}: {flow(value)}' for key, value in entries)}}}"


def _scalar(node: Scalar, plain: bool) -> str:
    if node.value is None and not node.quoted:
        return "null"
    must_quote = node.quoted or (isinstance(node.value, str) and not plain)
    return to_json(node.text) if must_quote else node.text
