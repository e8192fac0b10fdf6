"""XML becomes a document: `{root: ...}`.

Names lose their namespaces. An attribute is `@name`, an element sent several times is a list, an element with
nothing but text is that text (empty: ""), and text beside attributes or children is `#text`. Entities and
document types are refused, as is everything that is not well-formed.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bridge.errors import DocumentError
from bridge.model import Json
from bridge.webhook.json_body import MAX_DEPTH, MAX_NODES

_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")


def read_xml(body: bytes, charset: str = "utf-8", lists: frozenset[str] = frozenset()) -> Json:
    """Decode a body; a `charset` other than UTF-8 overrules the XML declaration. Raises DocumentError.

    Elements named in `lists` are lists even where there is only one.
    """
    try:
        root = fromstring(body if charset == "utf-8" else _decoded(body, charset), forbid_dtd=True)
    except ParseError as error:
        raise DocumentError(f"not XML: {error}") from None
    except DefusedXmlException:
        raise DocumentError("the XML declares a document type or entities, which are not read") from None
    except (ValueError, LookupError) as error:
        raise DocumentError(f"not XML: {error}") from None
    _check(root)
    return {_local(root.tag): _value(root, lists)}


def _decoded(body: bytes, charset: str) -> str:
    try:
        return _DECLARATION.sub("", body.decode(charset), count=1)
    except UnicodeDecodeError:
        raise DocumentError(f"the body is not {charset}") from None


def _check(root: Element) -> None:
    waiting, count = [(root, 1)], 0
    while waiting:
        element, depth = waiting.pop()
        count += 1 + len(element.attrib)
        if depth >= MAX_DEPTH:
            raise DocumentError(f"the document is nested deeper than {MAX_DEPTH} levels")
        if count > MAX_NODES:
            raise DocumentError(f"the document has more than {MAX_NODES} values")
        waiting.extend((child, depth + 1) for child in element)


def _value(element: Element, lists: frozenset[str]) -> Json:
    text = element.text or ""
    if not len(element) and not element.attrib:
        return text
    value: dict[str, Json] = {f"@{_local(name)}": text for name, text in element.attrib.items()}
    for child in element:
        _add(value, _local(child.tag), _value(child, lists), lists)
        text += child.tail or ""
    if text.strip():
        value["#text"] = text.strip() if len(element) else text
    return value


def _add(value: dict[str, Json], name: str, child: Json, lists: frozenset[str]) -> None:
    if name not in value:
        value[name] = [child] if name in lists else child
    elif isinstance(value[name], list):
        value[name].append(child)
    else:
        value[name] = [value[name], child]


def _local(name: str) -> str:
    return name.rpartition("}")[2]
