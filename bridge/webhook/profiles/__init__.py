"""Loads built-in source definitions, YAML files of the package. A mapping file's keys override theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from bridge.language.document import read
from bridge.language.keys_source import PROFILE
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence
from bridge.language.reader import Fields, Reader

MERGED = ("event", "reply")
"""Keys whose inner keys are overridden one by one. Any other key is replaced as a whole."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One built-in source definition."""

    name: str
    node: Mapping
    about: Fields
    digest: str = ""
    """Digest of the profile's bytes, and of those of its base profile."""

    @property
    def title(self) -> str:
        return str(self.about["title"])


@cache
def load_profiles() -> Dict[str, Profile]:
    """Load all built-in profiles, sorted by name. An invalid one is a bug, so it raises ValueError."""
    folder = files(__name__)
    names = sorted(
        entry.name.removesuffix(".yml") for entry in folder.iterdir() if entry.name.endswith(".yml")
    )
    profiles = {name: _load(name, folder.joinpath(f"{name}.yml").read_bytes()) for name in names}
    return {name: _completed(profile, profiles) for name, profile in profiles.items()}


def _completed(profile: Profile, profiles: Dict[str, Profile]) -> Profile:
    """The profile with the keys of its base profile, if it names one."""
    base = profile.node.get("profile")
    if not isinstance(base, Scalar):
        return profile
    entries = merge(profiles[base.text].node, profile.node).entries
    digest = profiles[base.text].digest + profile.digest
    return replace(profile, node=replace(profile.node, entries=entries), digest=digest)


def _load(name: str, data: bytes) -> Profile:
    report = Report(f"{name}.yml")
    node = read(data, report)
    fields = Reader(report, {}).table(node, PROFILE) if node is not None else None
    broken = [finding for finding in report.findings if finding.code not in ("M107", "W501")]
    if broken or fields is None or not isinstance(node, Mapping) or fields["about"] is None:
        raise ValueError(f"profile {name} is broken: {'; '.join(map(str, broken))}")
    return Profile(name, node, fields["about"], hashlib.sha256(data).hexdigest())


def merge(profile: Mapping, own: Mapping) -> Mapping:
    """Merge the file's keys over the profile's, whose nodes get the position of the file's `profile`."""
    at = own.key("profile") or own
    merged: dict[str, tuple[Scalar, Node]] = {}
    for key, node in profile.entries:
        if key.text not in ("about", "profile"):
            merged[key.text] = (_moved_key(key, at), _moved(node, at))
    for key, node in own.entries:
        shipped = merged.get(key.text)
        if shipped and key.text in MERGED and isinstance(node, Mapping) and isinstance(shipped[1], Mapping):
            node = replace(node, entries=_over(shipped[1], node))
        merged[key.text] = (key, node)
    return replace(own, entries=tuple(merged.values()))


def _over(shipped: Mapping, own: Mapping) -> tuple[tuple[Scalar, Node], ...]:
    return (*(entry for entry in shipped.entries if own.get(entry[0].text) is None), *own.entries)


def _moved(node: Node, at: Node) -> Node:
    match node:
        case Scalar():
            return _moved_key(node, at)
        case Sequence(items=items):
            return Sequence(at.line, at.column, tuple(_moved(item, at) for item in items))
        case Mapping(entries=entries):
            moved = tuple((_moved_key(key, at), _moved(child, at)) for key, child in entries)
            return Mapping(at.line, at.column, moved)


def _moved_key(key: Scalar, at: Node) -> Scalar:
    return key._replace(line=at.line, column=at.column)
