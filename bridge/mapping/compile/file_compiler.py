"""Compiles one mapping file to a source with its rules and tests."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from bridge.did_you_mean import suggestion
from bridge.language.document import read
from bridge.language.keys_rule import FILE
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence
from bridge.language.placeholder import refuse_placeholders
from bridge.language.reader import Fields
from bridge.language.schema import describe
from bridge.mapping.compile.context import CompileContext
from bridge.mapping.compile.example_compiler import compile_examples
from bridge.mapping.compile.rule_compiler import compile_rules
from bridge.mapping.lint.lint import lint, notice
from bridge.mapping.rules.apply import MappingFile
from bridge.mapping.rules.index import index_rules
from bridge.mapping.rules.rule import Rule
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.webhook.profiles import load_profiles, merge
from bridge.webhook.source_compiler import compile_source

_FORMS = frozenset(("form", "multipart", "query"))
_SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def compile_file(data: bytes, context: CompileContext, report: Report) -> MappingFile | None:
    """Compile a file; None if an error was reported."""
    node = read(data, report)
    if node is None:
        return None
    if not isinstance(node, Mapping):
        report.add(node, "M103", Reason(MappingCode.NOT_A_MAPPING_FILE, found=describe(node)))
        return None
    compiled = _compile(node, context, report)
    refuse_placeholders(node, report)
    if compiled is None or report.failed:
        return None
    if context.notices:
        notice(node, data.decode(), report)
    return replace(compiled, version=_version(data, node, compiled.rules))


def _version(data: bytes, node: Mapping, rules: tuple[Rule, ...]) -> str:
    """Digest of all that decides what the file does: its bytes, those of its profile, its time zones."""
    name = node.get("profile")
    digest = load_profiles()[name.text].digest if isinstance(name, Scalar) else ""
    timings = (rule.waiting.timing for rule in rules if rule.waiting)
    zones = sorted({timing.zone.default.key for timing in timings if timing and timing.at_local})
    return hashlib.sha256(data + digest.encode() + "".join(zones).encode()).hexdigest()[:12]


def _compile(own: Mapping, context: CompileContext, report: Report) -> MappingFile | None:
    node = _with_profile(own, report)
    reader = context.reader(report)
    fields = reader.table(node or own, FILE)
    if fields is None:
        return None
    _check_name(fields, report)
    account = fields["account"]
    rules = compile_rules(fields["rules"], account, context, report)
    names = _names(own.get("rules"))
    tests = compile_examples(fields["tests"], names, report)
    _check_accounts(fields, context, report)
    source = compile_source(fields, reader) if node is not None else None
    if source is None or report.failed:
        return None
    lint(own, rules, report, forms_only=_FORMS.issuperset(source.decoder.kinds))
    line = fields.at("source").line
    unset = tuple(sorted(set(reader.unset)))
    return MappingFile(report.path, source, rules, tests, account, line, "", index_rules(rules), unset)


def _with_profile(own: Mapping, report: Report) -> Mapping | None:
    """The file merged over its profile; None if the profile is unknown."""
    name = own.get("profile")
    if not isinstance(name, Scalar):
        return own
    profiles = load_profiles()
    if name.text not in profiles:
        hint = suggestion(name.text, list(profiles))
        report.add(name, "M303", Reason(MappingCode.UNKNOWN_PROFILE, name=name.text, hint=hint))
        return None
    return merge(profiles[name.text].node, own)


def _check_name(fields: Fields, report: Report) -> None:
    name = fields["source"]
    if name is not None and not _SOURCE_NAME.fullmatch(name):
        report.add(fields.at("source"), "M209", Reason(MappingCode.BAD_SOURCE_NAME, name=name))


def _names(rules: Node | None) -> tuple[str, ...]:
    """The names of all rules, including those with errors."""
    nodes = rules.items if isinstance(rules, Sequence) else ()
    names = (node.get("name") for node in nodes if isinstance(node, Mapping))
    return tuple(name.text for name in names if isinstance(name, Scalar))


def _check_accounts(fields: Fields, context: CompileContext, report: Report) -> None:
    """Report accounts of rules that do not exist."""
    nodes = [node for node in fields["rules"] if isinstance(node, Mapping)]
    for node in nodes:
        own = node.get("account")
        if isinstance(own, Scalar):
            context.check_account(own.text, own, report)
    by_default = [node for node in nodes if node.get("account") is None]
    if by_default:
        at = fields.at("account") if "account" in fields else by_default[0]
        context.check_account(fields["account"], at, report)
