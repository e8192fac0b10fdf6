"""What all parts of a source's compiler share: the reader of its file, its name, its secrets."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace

from bridge.did_you_mean import suggestion
from bridge.jsonpath.path import Path, PathError, compile_path
from bridge.language.keys_verify import SECRETS
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence
from bridge.language.reader import Fields, Reader
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode

MAIN = "secret"
"""The name of the source's main secret in `use`."""


@dataclass(frozen=True, slots=True)
class CompileContext:
    """The source that is being compiled."""

    reader: Reader
    name: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    named: Dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    public_url: str = ""
    kinds: tuple[str, ...] = ("json",)
    """The kinds of bodies that the source accepts."""
    places: Dict[str, Node] = field(default_factory=dict)
    """The node of each secret in the file."""
    broken_secrets: bool = False
    """Whether a secret cannot be used; there is a finding for it already."""
    known: list[str] = field(default_factory=list, repr=False)
    """The secrets that schemes declare themselves."""

    @property
    def report(self) -> Report:
        return self.reader.report

    def given(self, name: str) -> bool:
        return bool(self.secrets if name == MAIN else self.named.get(name))

    def secret_at(self, fields: Fields) -> Node:
        """The node for a finding about a scheme's secret."""
        if "secret" in fields:
            return fields.at("secret")
        names = [name for name in fields["use"] or (MAIN,) if self.given(name)]
        return self.places.get(names[0], fields.node) if names else fields.node

    def secrets_of(self, fields: Fields, scheme: str) -> tuple[str, ...]:
        """The secrets that a scheme checks with; without any, adds a finding."""
        if "secret" in fields:
            self.known.extend(fields["secret"] or ())
            return fields["secret"] or ()
        names = fields["use"] or (MAIN,)
        for name in names:
            found = self.secrets if name == MAIN else self.named.get(name, ())
            if found:
                return found
        if not self.broken_secrets:
            self._missing(fields, scheme, names)
        return ()

    def _missing(self, fields: Fields, scheme: str, names: tuple[str, ...]) -> None:
        wanted = next((name for name in names if name != MAIN), MAIN)
        reason = Reason(WebhookCode.BAD_NO_SECRET, key=scheme, keys=(secret_key(wanted),))
        self.report.add(fields.node, "M402", reason)

    def path(self, node: Node, text: str, offset: int = 0) -> Path | None:
        """The compiled path, `offset` characters into the node; an error becomes a finding."""
        try:
            return compile_path(text)
        except PathError as error:
            self.report.add(node, error.code, error.reason, offset + error.offset)
            return None

    def one_of(self, fields: Fields, names: tuple[str, ...], what: Reason | str) -> str | None:
        """The only given key of several; none or more than one is a finding about `what`, a key."""
        given = [name for name in names if name in fields]
        if len(given) == 1:
            return given[0]
        if given:
            self.report.add(fields.at(given[1]), "M403", both(what, given[0], given[1]))
        else:
            self.report.add(fields.node, "M402", Reason(WebhookCode.BAD_NONE_OF, what=what, names=names))
        return None

    def needs_form(self, node: Node, why: Reason) -> None:
        """Add a finding if form fields are used but no kind of the source's bodies has any."""
        if not {"form", "multipart", "query"} & set(self.kinds):
            self.report.add(node, "M414", Reason(WebhookCode.BAD_NO_FORM, why=why, kinds=self.kinds))


def both(what: Reason | str, one: str, other: str) -> Reason:
    """The reason for two keys of `what` that exclude each other."""
    return Reason(WebhookCode.BAD_BOTH, what=what, one=one, other=other)


def secret_key(name: str) -> Reason:
    """The YAML to write at the source for a secret of this name."""
    text = "secret: ${NAME}" if name == MAIN else f"secrets: {{{name}: ${{NAME}}}}"
    return Reason(MappingCode.QUOTED, text=text)


def read_secrets(fields: Fields, reader: Reader) -> CompileContext:
    """Read the source's secrets from `secret` and `secrets` into the context of its compiler."""
    before = len(reader.report.findings)
    node = fields.node.get("secrets")
    named, places = _named(node, reader)
    main: tuple[str, ...] = fields["secret"] or named.get(MAIN, ())
    if "secret" in fields:
        places[MAIN] = fields.at("secret")
    if node is not None and not isinstance(node, Mapping):
        if "secret" in fields:
            reader.report.add(node, "M403", Reason(WebhookCode.BAD_SECRET_AND_SECRETS))
        value = reader.value(node, SECRETS)
        main, places[MAIN] = value if isinstance(value, tuple) else main, node
    broken = len(reader.report.findings) > before or ("secret" in fields and not main)
    kinds = tuple(fields["body"])
    return CompileContext(
        reader, fields["source"] or "", main, named, fields["public_url"] or "", kinds, places, broken
    )


def _named(node: Node | None, reader: Reader) -> tuple[dict[str, tuple[str, ...]], dict[str, Node]]:
    entries = node.entries if isinstance(node, Mapping) else ()
    values = {key.text: reader.value(child, SECRETS) for key, child in entries}
    named = {name: value for name, value in values.items() if isinstance(value, tuple) and value}
    return named, {key.text: child for key, child in entries}


def check_named(context: CompileContext, fields: Fields, used: set[str]) -> CompileContext:
    """Add a finding per named secret that nothing uses: it is probably misspelt.

    Then a scheme's missing secret is no further finding.
    """
    node = fields.node.get("secrets")
    entries = node.entries if isinstance(node, Mapping) else ()
    unused = [key for key, _ in entries if key.text not in used]
    for key in unused:
        hint = suggestion(key.text, sorted(used))
        context.report.add(key, "M404", Reason(WebhookCode.BAD_UNUSED_SECRET, name=key.text, hint=hint))
    return replace(context, broken_secrets=True) if unused else context


def used_names(node: Node | None) -> set[str]:
    """The names of secrets in `use` and `{secret:name}` below the node."""
    match node:
        case Scalar(text=text):
            return {part.partition("}")[0].partition("|")[0] for part in text.split("{secret:")[1:]}
        case Sequence(items=items):
            return set().union(*(used_names(item) for item in items))
        case Mapping(entries=entries):
            below = set().union(*(used_names(child) for _, child in entries)) if entries else set()
            return below | set().union(*(texts_in(child) for key, child in entries if key.text == "use"))
    return set()


def texts_in(node: Node) -> list[str]:
    """The text of a scalar, or those of a list's scalars."""
    if isinstance(node, Sequence):
        return [item.text for item in node.items if isinstance(item, Scalar)]
    return [node.text] if isinstance(node, Scalar) else []
