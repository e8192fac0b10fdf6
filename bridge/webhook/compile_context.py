"""What every part of a source's compiler needs: the reader of its file, its name, its secrets."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace

from bridge.did_you_mean import suggestion
from bridge.jsonpath.path import Path, PathError, compile_path
from bridge.language.document import Mapping, Node, Report, Scalar, Sequence
from bridge.language.keys_verify import SECRETS
from bridge.language.schema import Fields, Reader
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode

MAIN = "secret"
"""The name under which `use` knows the source's main secret."""


@dataclass(frozen=True, slots=True)
class Setup:
    """One source being compiled."""

    reader: Reader
    name: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    named: Dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    public_url: str = ""
    kinds: tuple[str, ...] = ("json",)
    """What bodies the source takes."""
    places: Dict[str, Node] = field(default_factory=dict)
    """Where each secret is written."""
    broken_secrets: bool = False
    """A secret was written but cannot be used, which is a finding already."""
    known: list[str] = field(default_factory=list, repr=False)
    """The secrets that the schemes asked for so far."""

    @property
    def report(self) -> Report:
        return self.reader.report

    def given(self, name: str) -> bool:
        return bool(self.secrets if name == MAIN else self.named.get(name))

    def secret_at(self, fields: Fields) -> Node:
        """Where to point when a scheme's secret is no good."""
        if "secret" in fields:
            return fields.at("secret")
        names = [name for name in fields["use"] or (MAIN,) if self.given(name)]
        return self.places.get(names[0], fields.node) if names else fields.node

    def secrets_of(self, fields: Fields, scheme: str) -> tuple[str, ...]:
        """The secrets that a scheme checks against; without any a finding, and none."""
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
        """The compiled path, `offset` characters into the node; what is wrong with it becomes a finding."""
        try:
            return compile_path(text)
        except PathError as error:
            self.report.add(node, error.code, error.reason, offset + error.offset)
            return None

    def one_of(self, fields: Fields, names: tuple[str, ...], what: Reason | str) -> str | None:
        """The one of the keys that is given; none or several are findings that begin with `what`, a key."""
        given = [name for name in names if name in fields]
        if len(given) == 1:
            return given[0]
        if given:
            self.report.add(fields.at(given[1]), "M403", both(what, given[0], given[1]))
        else:
            self.report.add(fields.node, "M402", Reason(WebhookCode.BAD_NONE_OF, what=what, names=names))
        return None

    def needs_form(self, node: Node, why: Reason) -> None:
        """A finding where form fields are asked for and no body of the source has any."""
        if not {"form", "multipart", "query"} & set(self.kinds):
            self.report.add(node, "M414", Reason(WebhookCode.BAD_NO_FORM, why=why, kinds=self.kinds))


def both(what: Reason | str, one: str, other: str) -> Reason:
    """For two keys of `what` of which only one may be there."""
    return Reason(WebhookCode.BAD_BOTH, what=what, one=one, other=other)


def secret_key(name: str) -> Reason:
    """What to write at the source for a secret of this name."""
    text = "secret: ${NAME}" if name == MAIN else f"secrets: {{{name}: ${{NAME}}}}"
    return Reason(MappingCode.QUOTED, text=text)


def read_secrets(fields: Fields, reader: Reader) -> Setup:
    """The source's secrets from `secret` and `secrets`, in the Setup of its compiler."""
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
    return Setup(
        reader, fields["source"] or "", main, named, fields["public_url"] or "", kinds, places, broken
    )


def _named(node: Node | None, reader: Reader) -> tuple[dict[str, tuple[str, ...]], dict[str, Node]]:
    entries = node.entries if isinstance(node, Mapping) else ()
    values = {key.text: reader.value(child, SECRETS) for key, child in entries}
    named = {name: value for name, value in values.items() if isinstance(value, tuple) and value}
    return named, {key.text: child for key, child in entries}


def check_named(setup: Setup, fields: Fields, used: set[str]) -> Setup:
    """A secret by a name that nothing uses is most likely misspelt: a finding, and enough of one."""
    node = fields.node.get("secrets")
    entries = node.entries if isinstance(node, Mapping) else ()
    unused = [key for key, _ in entries if key.text not in used]
    for key in unused:
        hint = suggestion(key.text, sorted(used))
        setup.report.add(key, "M404", Reason(WebhookCode.BAD_UNUSED_SECRET, name=key.text, hint=hint))
    return replace(setup, broken_secrets=True) if unused else setup


def used_names(node: Node | None) -> set[str]:
    """Every name that a `use` or a `{secret:name}` below the node mentions."""
    match node:
        case Scalar(text=text):
            return {part.partition("}")[0].partition("|")[0] for part in text.split("{secret:")[1:]}
        case Sequence(items=items):
            return set().union(*(used_names(item) for item in items))
        case Mapping(entries=entries):
            below = set().union(*(used_names(child) for _, child in entries)) if entries else set()
            return below | set().union(*(_texts(child) for key, child in entries if key.text == "use"))
    return set()


def _texts(node: Node) -> set[str]:
    if isinstance(node, Sequence):
        return {item.text for item in node.items if isinstance(item, Scalar)}
    return {node.text} if isinstance(node, Scalar) else set()
