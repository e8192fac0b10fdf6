"""The peers: programs that answer first and then call, as their documentation advises, and durable ones."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import install, shop
from benchmarks.common.api import Api, call_url
from benchmarks.common.contenders import Contender, Running, free_port, started, until_working
from benchmarks.common.durable_peers import DURABLE, durable_peer
from benchmarks.common.install import MissingError

COURSES = [f"course-{number}" for number in range(1, 11)]
_CURL = """\
#!/bin/sh
exec {curl} -s -o /dev/null -X POST {url} --data-urlencode "bot_id=$1" --data-urlencode "subscriber_id=$2" \
  --data-urlencode "variables[order]=$3" --data-urlencode "variables[amount]=$4"
"""
_CHECK = """\
const crypto = global.get('crypto');
const own = crypto.createHmac('sha256', '%s').update(msg.payload).digest();
const sent = Buffer.from(msg.req.headers['x-signature'] || '', 'hex');
const good = own.length === sent.length && crypto.timingSafeEqual(own, sent);
const answer = {req: msg.req, res: msg.res, payload: good ? 'OK' : '', statusCode: good ? 200 : 401};
return [answer, good ? {payload: JSON.parse(msg.payload)} : null];
"""
_START = """\
const paid = msg.payload.object;
msg.payload = {bot_id: 4500 + %d, subscriber_id: paid.metadata.subscriber_id, variables: {order: paid.id,
  amount: paid.amount.value, hello: `Спасибо, ${paid.metadata.name}! Заказ ${paid.id}`}};
return msg;
"""
_RED_SETTINGS = """\
module.exports = {
  functionGlobalContext: {crypto: require('crypto')}, flowFile: 'flows.json', credentialSecret: false,
  telemetry: {enabled: false}, logging: {console: {level: 'warn'}}
}
"""


def present(wanted: list[str]) -> tuple[list[Contender], dict[str, str]]:
    """The peers of these names, installed where they were not; and why others are missing."""
    found, missing = [], {}
    for name in wanted:
        try:
            found.append(_PEERS[name]())
        except MissingError as error:
            missing[name] = str(error)
    return found, missing


def _webhook() -> Contender:
    program, curl = install.webhook(), install.curl()

    @contextmanager
    def start(folder: Path, api: Api) -> Iterator[Running]:
        script = folder / "call.sh"
        script.write_text(_CURL.format(curl=curl, url=call_url(api)))
        script.chmod(0o755)
        (folder / "hooks.json").write_text(json.dumps([_hook(script)]))
        port = free_port()
        words = ["-hooks", "hooks.json", "-ip", "127.0.0.1", "-port", str(port)]
        with started([program, *words], folder, {}) as process:
            until_working(port, process, folder, api)
            yield Running(port, process.pid)

    return Contender("webhook+curl", start, start)


def _hook(script: Path) -> dict[str, Any]:
    def holds(kind: str, source: str, name: str, **more: str) -> dict[str, Any]:
        return {"match": {"type": kind, "parameter": {"source": source, "name": name}, **more}}

    courses = [holds("value", "payload", "object.metadata.course", value=course) for course in COURSES]
    passed = ["object.metadata.course", "object.metadata.subscriber_id", "object.id", "object.amount.value"]
    return {
        "id": shop.SOURCE,
        "execute-command": str(script),
        "pass-arguments-to-command": [{"source": "payload", "name": name} for name in passed],
        "trigger-rule": {
            "and": [
                holds("payload-hmac-sha256", "header", "X-Signature", secret=shop.SECRET),
                holds("value", "payload", "event", value="payment.succeeded"),
                {"or": courses},
            ]
        },
    }


def _node_red() -> Contender:
    program = install.node_red()

    @contextmanager
    def start(folder: Path, api: Api) -> Iterator[Running]:
        (folder / "settings.js").write_text(_RED_SETTINGS)
        (folder / "flows.json").write_text(json.dumps(_flow(call_url(api))))
        port = free_port()
        words = ["--userDir", str(folder), "--settings", "settings.js", "--port", str(port)]
        with started([program, *words], folder, install.with_node()) as process:
            until_working(port, process, folder, api)
            yield Running(port, process.pid)

    return Contender("Node-RED", start, start)


def _flow(url: str) -> list[dict[str, Any]]:
    def node(name: str, kind: str, wires: list[list[str]], **more: object) -> dict[str, Any]:
        return {"id": name, "type": kind, "z": "tab", "name": name, "x": 0, "y": 0, "wires": wires, **more}

    def switch(
        name: str, path: str, operator: str, values: list[str], wires: list[list[str]]
    ) -> dict[str, Any]:
        rules = [{"t": operator, "v": value, "vt": "str" if operator == "eq" else "num"} for value in values]
        more = {"property": path, "propertyType": "msg", "checkall": "true", "outputs": len(values)}
        return node(name, "switch", wires, rules=rules, **more)

    starts = [f"start {course}" for course in COURSES]
    return [
        {"id": "tab", "type": "tab", "label": "shop"},
        node("in", "http in", [["check"]], url=f"/hooks/{shop.SOURCE}", method="post", skipBodyParsing=True),
        node("check", "function", [["answer"], ["paid"]], func=_CHECK % shop.SECRET, outputs=2),
        node("answer", "http response", []),
        switch("paid", "payload.event", "eq", ["payment.succeeded"], [["much"]]),
        switch("much", "payload.object.amount.value", "gte", ["1000"], [["course"]]),
        switch("course", "payload.object.metadata.course", "eq", COURSES, [[one] for one in starts]),
        *[
            node(name, "function", [["call"]], func=_START % number, outputs=1)
            for number, name in enumerate(starts, 1)
        ],
        node("call", "http request", [[]], method="POST", ret="txt", url=url, paytoqs="ignore", persist=True),
    ]


def _n8n() -> Contender:
    program = install.n8n()

    @contextmanager
    def start(folder: Path, api: Api) -> Iterator[Running]:
        port = free_port()
        environment = {
            **install.with_node(),
            **_N8N_SETTINGS,
            "N8N_USER_FOLDER": str(folder),
            "N8N_PORT": str(port),
        }
        (folder / "workflow.json").write_text(json.dumps(_workflow(call_url(api))))
        for words in (["import:workflow", "--input=workflow.json"], ["publish:workflow", "--id=shop"]):
            with (folder / "log.txt").open("ab") as log:
                subprocess.run(
                    [program, *words], cwd=folder, env=environment, stdout=log, stderr=log, check=True
                )
        with started([program, "start"], folder, environment) as process:
            until_working(port, process, folder, api)
            yield Running(port, process.pid)

    return Contender("n8n", start, start)


_N8N_SETTINGS = {
    "N8N_LISTEN_ADDRESS": "127.0.0.1",
    "N8N_ENDPOINT_WEBHOOK": "hooks",
    "N8N_DIAGNOSTICS_ENABLED": "false",
    "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
    "N8N_TEMPLATES_ENABLED": "false",
    "N8N_PERSONALIZATION_ENABLED": "false",
}


_N8N_CALL = """{bot_id: 4507, subscriber_id: $json.body.object.metadata.subscriber_id, variables:
  {order: $json.body.object.id, amount: $json.body.object.amount.value} }"""
"""Two closing braces side by side would end n8n's expression."""


def _workflow(url: str) -> dict[str, Any]:
    def node(name: str, kind: str, version: float, parameters: dict[str, Any]) -> dict[str, Any]:
        place = {"id": name, "name": name, "position": [0, 0]}
        return {**place, "type": f"n8n-nodes-base.{kind}", "typeVersion": version, "parameters": parameters}

    def equal(left: str, right: str) -> dict[str, Any]:
        return {
            "leftValue": left,
            "rightValue": right,
            "operator": {"type": "string", "operation": "equals"},
        }

    def rule(course: str) -> dict[str, Any]:
        signed = equal("={{ $json.signature }}", "={{ $json.headers['x-signature'] }}")
        paid = equal("={{ $json.body.event }}", "payment.succeeded")
        conditions = [signed, paid, equal("={{ $json.body.object.metadata.course }}", course)]
        options = {"caseSensitive": True, "typeValidation": "strict", "version": 2}
        return {"conditions": {"options": options, "combinator": "and", "conditions": conditions}}

    hook = {
        "httpMethod": "POST",
        "path": shop.SOURCE,
        "responseMode": "onReceived",
        "options": {"rawBody": True},
    }
    hmac = {
        "action": "hmac",
        "binaryData": True,
        "type": "SHA256",
        "dataPropertyName": "signature",
        "secret": shop.SECRET,
    }
    call = {
        "method": "POST",
        "url": url,
        "sendBody": True,
        "specifyBody": "json",
        "jsonBody": f"={{{{ JSON.stringify({_N8N_CALL}) }}}}",
        "options": {},
    }
    to_call = [{"node": "Call", "type": "main", "index": 0}]
    return {
        "id": "shop",
        "name": "shop",
        "active": True,
        "settings": {"executionOrder": "v1"},
        "nodes": [
            {**node("Webhook", "webhook", 2, hook), "webhookId": "shop"},
            node("Crypto", "crypto", 1, hmac),
            node("Switch", "switch", 3.2, {"rules": {"values": [rule(course) for course in COURSES]}}),
            node("Call", "httpRequest", 4.2, call),
        ],
        "connections": {
            "Webhook": {"main": [[{"node": "Crypto", "type": "main", "index": 0}]]},
            "Crypto": {"main": [[{"node": "Switch", "type": "main", "index": 0}]]},
            "Switch": {"main": [to_call for _ in COURSES]},
        },
    }


_PEERS: dict[str, Callable[[], Contender]] = {
    "webhook+curl": _webhook,
    "Node-RED": _node_red,
    "n8n": _n8n,
    **{name: partial(durable_peer, name) for name in DURABLE},
}
NAMES = tuple(_PEERS)
