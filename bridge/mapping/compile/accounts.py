"""Compiles the accounts of `accounts.yml`, or the one account of the environment."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from urllib.parse import urlsplit

from bridge.language.keys_account import ACCOUNT, ACCOUNTS, DEFAULT_URL
from bridge.language.nodes import Mapping, Node, Report, Scalar
from bridge.language.reader import Fields, Reader
from bridge.language.variables import is_set
from bridge.language.zones import UnknownZone, load_zone
from bridge.mapping.compile.alerts import compile_alerts, is_unencrypted
from bridge.mapping.compile.success import compile_success
from bridge.mapping.rules.ids import name_fault
from bridge.model import Account, Alerts
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason

MAIN = "main"
TOKEN_VARIABLE = "LEADCONVERTER_TOKEN"  # noqa: S105  the name of a variable, not a token
URL_VARIABLE = "LEADCONVERTER_URL"


def of_environment(environment: Dict[str, str], placeholder: str | None) -> dict[str, Account]:
    """The account `main`. Without a token or placeholder nothing is sent for it."""
    if is_set(environment, TOKEN_VARIABLE):
        return {MAIN: Account(MAIN, environment[TOKEN_VARIABLE], _default_url(environment))}
    unset = "" if placeholder else TOKEN_VARIABLE
    return {MAIN: Account(MAIN, placeholder or "", _default_url(environment), unset=unset)}


def compile_accounts(node: Node, reader: Reader) -> tuple[dict[str, Account], Alerts]:
    """Compile `accounts.yml`. Accounts and alerts with errors are reported and omitted."""
    fields = reader.table(node, ACCOUNTS)
    if fields is None:
        return {}, Alerts()
    known = _accounts(fields, reader)
    named = [name for name, _ in fields["accounts"].items()] if fields["accounts"] else []
    alerts = compile_alerts(fields["alerts"], reader, named) if fields["alerts"] else Alerts()
    return known, alerts


def _accounts(fields: Fields, reader: Reader) -> dict[str, Account]:
    listed = fields.node.get("accounts")
    entries = listed.entries if isinstance(listed, Mapping) else ()
    if isinstance(listed, Mapping) and not entries:
        reader.report.add(listed, "M103", Reason(MappingCode.NO_ACCOUNTS))
    compiled = ((key.text, _account(key, child, reader)) for key, child in entries)
    return {name: account for name, account in compiled if account is not None}


def _account(key: Scalar, node: Node, reader: Reader) -> Account | None:
    known = len(reader.unset)
    fields = reader.table(node, ACCOUNT)
    if fields is None or fields["token"] is None:
        return None
    unset = "".join(reader.unset[known:])
    _check_variable(fields, reader.report)
    url = _url(fields, reader)
    optional = {name: fields[name] for name in _COPIED}
    success = compile_success(fields["success"], reader.report)
    token = "" if unset else fields["token"]
    timezone = _timezone(fields, reader.report)
    return Account(key.text, token, url, **optional, success=success, unset=unset, timezone=timezone)


_COPIED = (
    *("rate", "burst", "parameters", "forced_value", "server_error", "on_uncertain", "call_id_variable"),
    "probe",
)


def _check_variable(fields: Fields, report: Report) -> None:
    name = fields["call_id_variable"]
    fault = None if name is None else name_fault(name)
    if fault:
        report.add(fields.at("call_id_variable"), "M209", fault)


def _timezone(fields: Fields, report: Report) -> str:
    name: str = fields["timezone"] or ""
    try:
        return load_zone(name).key if name else ""
    except UnknownZone as error:
        report.add(fields.at("timezone"), "M209", error.reason)
        return ""


def _url(fields: Fields, reader: Reader) -> str:
    if fields["url"] is None:
        return _default_url(reader.environment)
    url: str = fields["url"]
    if not _is_base(url):
        wrong = Reason(MappingCode.BAD_URL, example=DEFAULT_URL, found=Reason(MappingCode.QUOTED, text=url))
        reader.report.add(fields.at("url"), "M209", wrong)
    elif is_unencrypted(url):
        reader.report.add(fields.at("url"), "W503", Reason(MappingCode.UNENCRYPTED_TOKEN))
    return url.rstrip("/")


def _is_base(url: str) -> bool:
    """Whether it has a scheme, a host and optionally a path, but no query, fragment or user."""
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    extra = parts.query or parts.fragment or parts.username or parts.password
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port_fits and not extra


def _default_url(environment: Dict[str, str]) -> str:
    return (environment.get(URL_VARIABLE) or DEFAULT_URL).rstrip("/")
