"""Decodes XML into a document: `{root: ...}`.

Names lose their namespaces. An attribute is `@name`, a repeated element is a list, an element with only text
is that text (empty: ""), and text of an element with attributes or children is `#text`. Entities, document
types and anything not well-formed are rejected.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.parsers.expat import ErrorString, errors

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from bridge.errors import DocumentError
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.decode.json_body import MAX_DEPTH, MAX_NODES, not_charset

_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")


_FAULTS = {
    errors.XML_ERROR_NO_ELEMENTS: Reason(WebhookCode.XML_NO_ELEMENT),
    errors.XML_ERROR_INVALID_TOKEN: Reason(WebhookCode.XML_INVALID_TOKEN),
    errors.XML_ERROR_UNCLOSED_TOKEN: Reason(WebhookCode.XML_UNCLOSED_TOKEN),
    errors.XML_ERROR_TAG_MISMATCH: Reason(WebhookCode.XML_TAG_MISMATCH),
    errors.XML_ERROR_DUPLICATE_ATTRIBUTE: Reason(WebhookCode.XML_DUPLICATE_ATTRIBUTE),
    errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: Reason(WebhookCode.XML_AFTER_ROOT),
    errors.XML_ERROR_SYNTAX: Reason(WebhookCode.XML_SYNTAX),
    errors.XML_ERROR_UNDEFINED_ENTITY: Reason(WebhookCode.XML_UNDEFINED_ENTITY),
    errors.XML_ERROR_UNBOUND_PREFIX: Reason(WebhookCode.XML_UNBOUND_PREFIX),
}
"""Messages of expat for most invalid bodies; any other is shown as it is."""


class _Builder(TreeBuilder):
    """Checks the limits during parsing, before a large tree is built."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._count = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._count += 1 + len(attrs)
        if self._depth >= MAX_DEPTH:
            raise DocumentError(Reason(WebhookCode.TOO_DEEP, limit=MAX_DEPTH))
        if self._count > MAX_NODES:
            raise DocumentError(Reason(WebhookCode.TOO_MANY_VALUES, limit=MAX_NODES))
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def read_xml(body: bytes, charset: str = "utf-8", lists: frozenset[str] = frozenset()) -> Json:
    """Decode a body; a `charset` other than UTF-8 overrides the XML declaration. Raises DocumentError.

    Elements named in `lists` are lists even if there is only one.
    """
    parser = DefusedXMLParser(target=_Builder(), forbid_dtd=True)
    try:
        parser.feed(body if charset == "utf-8" else _decoded(body, charset))
        root = parser.close()
    except ParseError as error:
        raise DocumentError(_not_xml(error)) from None
    except DefusedXmlException:
        raise DocumentError(Reason(WebhookCode.XML_ENTITIES)) from None
    except (ValueError, LookupError) as error:
        raise DocumentError(Reason(WebhookCode.NOT_XML, fault=str(error))) from None
    return {_local(root.tag): _value(root, lists)}


def _not_xml(error: ParseError) -> Reason:
    text = ErrorString(error.code) or str(error)
    line, column = error.position
    fault = Reason(WebhookCode.XML_AT, fault=_FAULTS.get(text, text), line=line, column=column)
    return Reason(WebhookCode.NOT_XML, fault=fault)


def _decoded(body: bytes, charset: str) -> str:
    try:
        text = body.decode(charset)
    except UnicodeDecodeError as error:
        raise DocumentError(not_charset(charset, error)) from None
    declaration = _DECLARATION.match(text)
    return text[declaration.end() :] if declaration else text


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
