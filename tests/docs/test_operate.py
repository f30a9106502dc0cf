"""``docs/operate.md``, ``metrics.md`` and ``logs.md`` list what a running gate serves and what the code logs: no more and no
less."""

import ast
import json
import re
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge
from ruamel.yaml import YAML
from tests.docs.reading import ROOT, spans, table
from tests.docs.test_links import anchors
from tests.integration.gate import start_gate, write_config
from tests.servers import require_or_skip
from tests.unit.gateway.wire import exchange

from mailgate.app.heartbeat import FoundGates
from mailgate.app.mails import MailMetrics
from mailgate.connectors.metrics import ConnectorMetrics
from mailgate.gateway.metrics import LabelledCounter, Metrics
from mailgate.gateway.observe.access_log import CLIENT_FACTS, AccessLog
from mailgate.gateway.observe.request_metrics import RequestMetrics

OPERATE, METRICS, LOGS = (
    (ROOT / "docs" / f"{page}.md").read_text("utf-8") for page in ("operate", "metrics", "logs")
)
ALERTS = ROOT / "deploy" / "prometheus"
TRIALS = sorted(ALERTS.glob("alerts*.test.yml"))
LEVELS = {"debug", "info", "warning", "error"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the admin port of a gate answers, by its address."""
    gate = start_gate(write_config(tmp_path_factory.mktemp("gate"), "http://127.0.0.1:9", {}))
    base = f"http://{gate.admin[0]}:{gate.admin[1]}"
    yield {path: urlopen(base + path).read().decode() for path in ("/healthz", "/readyz", "/metrics")}
    assert gate.stop() == 0


def test_every_metric_is_listed_once(served: dict[str, str]) -> None:
    served_names = re.findall(r"^# TYPE (\w+) ", served["/metrics"], re.MULTILINE)
    listed = [name for row in table(METRICS, "metric") for name in spans(row["metric"])]
    assert sorted(listed) == sorted(served_names)


def test_every_label_is_listed(served: dict[str, str]) -> None:
    listed = {name: spans(row["labels"]) for row in table(METRICS, "metric") for name in spans(row["metric"])}
    others = tuple(made(CollectorRegistry()) for made in (ConnectorMetrics, MailMetrics, FoundGates))
    metrics = [metric for each in (Metrics(), *others) for metric in vars(each).values()]
    counted = [metric for metric in metrics if isinstance(metric, Counter)]
    labels = {f"{metric.describe()[0].name}_total": list(metric._labelnames) for metric in counted}
    gauges = [metric for metric in metrics if isinstance(metric, Gauge) and metric._labelnames]
    labels |= {metric.describe()[0].name: list(metric._labelnames) for metric in gauges}
    labels |= {
        f"{each.name}_total": list(each.labels) for each in metrics if isinstance(each, LabelledCounter)
    }
    families = [family for family in RequestMetrics(CollectorRegistry()).collect() if family._labelnames]
    labels |= {
        family.name + ("_total" if family.type == "counter" else ""): list(family._labelnames)
        for family in families
    }
    told = re.findall(r"^(\w+_info)\{(\w+)=", served["/metrics"], re.MULTILINE)
    labels |= {name: [label] for name, label in told}
    assert {name: names for name, names in listed.items() if name in labels or names} == labels


def test_names_types_and_units_are_as_prometheus_asks(served: dict[str, str]) -> None:
    require_or_skip("promtool")
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=served["/metrics"],
        text=True,
        capture_output=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_every_alarm_is_listed_and_is_heard_in_a_test() -> None:
    alarms = re.findall(r"- alert: (\w+)", (ALERTS / "alerts.yml").read_text("utf-8"))
    assert [spans(row["alarm"])[0] for row in table(METRICS, "alarm")] == alarms
    heard = [name for path in TRIALS for name in re.findall(r'alertname="(\w+)"', path.read_text("utf-8"))]
    assert set(heard) == set(alarms)


def test_every_alarm_leads_to_its_own_row() -> None:
    """At the address of ``pyproject.toml``, which whoever publishes the pages changes."""
    base = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Homepage"]
    rules = [
        rule for group in YAML(typ="safe").load(ALERTS / "alerts.yml")["groups"] for rule in group["rules"]
    ]
    page = f"{base}/docs/metrics.md"
    assert [each["annotations"]["runbook_url"] for each in rules] == [
        f"{page}#{each['alert'].lower()}" for each in rules
    ]
    assert {each["alert"].lower() for each in rules} <= anchors(ROOT / "docs" / "metrics.md")


def test_alertmanager_takes_the_example() -> None:
    require_or_skip("amtool")
    checked = subprocess.run(
        ["amtool", "check-config", ALERTS / "alertmanager.yml"], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_alarms_that_are_silenced_or_routed_exist() -> None:
    known = {rule["alert"]: rule["labels"]["severity"] for group in YAML(typ="safe").load(ALERTS / "alerts.yml")["groups"] for rule in group["rules"]}  # fmt: skip
    example = YAML(typ="safe").load(ALERTS / "alertmanager.yml")
    named = set(re.findall(r"Mailgate[A-Z][a-z]\w+", json.dumps(example["inhibit_rules"])))
    assert named <= set(known)
    routed = {
        re.fullmatch(r'severity="(\w+)"', each["matchers"][0])[1] for each in example["route"]["routes"]
    }  # type: ignore[index]
    assert routed < set(known.values()), "all others reach the receiver of the route itself"
    assert {each["receiver"] for each in example["route"]["routes"]} <= {each["name"] for each in example["receivers"]}  # fmt: skip


def test_every_alarm_rings_when_it_should_and_only_then() -> None:
    require_or_skip("promtool")
    promtool("check", "config", ALERTS / "prometheus.yml")
    promtool("test", "rules", *TRIALS)


def test_alarms_read_existing_metrics() -> None:
    listed = {name for row in table(METRICS, "metric") for name in spans(row["metric"])}
    named = set(re.findall(r"\b(?:mailgate|process)_\w+", (ALERTS / "alerts.yml").read_text("utf-8")))
    assert {re.sub(r"_bucket$", "", name) for name in named} <= listed


def promtool(*arguments: str | Path) -> None:
    quick = ["env", "GOGC=400", "promtool"]  # what it keeps in memory is small and soon over
    checked = subprocess.run([*quick, *arguments], text=True, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_field_of_readiness_is_listed(served: dict[str, str]) -> None:
    def fields(value: dict[str, Any], before: str = "") -> Iterator[str]:
        for name, inner in value.items():
            yield from fields(inner, f"{name}.") if isinstance(inner, dict) else (before + name,)

    listed = [
        field for row in table(OPERATE, "field of `/readyz`") for field in spans(row["field of `/readyz`"])
    ]
    assert listed == list(fields(json.loads(served["/readyz"])))


def logged(source: str) -> Iterator[tuple[str, set[str], set[str]]]:
    """Each call that logs: its event, its level (or the levels that it may have), its fields."""
    tree = ast.parse(source)
    chosen = {node.attr for node in ast.walk(tree) if _of_log(node) and isinstance(node, ast.Attribute)}
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not call.args or not isinstance(call.args[0], ast.Constant):
            continue
        target, fields = call.func, {word.arg for word in call.keywords if word.arg}
        if len(fields) < len(call.keywords):
            fields |= _keys_of("line_of", tree)
        if isinstance(target, ast.Attribute) and _of_log(target):
            yield str(call.args[0].value), {target.attr}, fields
        elif isinstance(target, ast.Name) and target.id == "write" and chosen:
            yield str(call.args[0].value), {"debug", "info"}, fields


def _keys_of(function: str, tree: ast.AST) -> set[str]:
    """The keys of the dictionary that this function returns."""
    made = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function)
    returned = (node.value for each in made for node in each.body if isinstance(node, ast.Return))
    return {
        ast.literal_eval(key) for each in returned if isinstance(each, ast.Dict) for key in each.keys if key
    }


def _of_log(node: ast.AST) -> bool:
    is_level = isinstance(node, ast.Attribute) and node.attr in LEVELS
    return is_level and ast.unparse(node.value) in ("log", "_log", "self.log")  # type: ignore[attr-defined]


def test_every_event_is_listed_with_its_levels_and_fields() -> None:
    found: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for path in (ROOT / "proxy").rglob("*.py"):
        for event, levels, fields in logged(path.read_text("utf-8")):
            found[event][0].update(levels)
            found[event][1].update(fields)
    listed = {
        event: (set(row["level"].split(", ")), set(spans(row["fields"])))
        for row in table(LOGS, "event")
        for event in spans(row["event"])
    }
    assert listed == dict(found)


async def test_every_field_of_the_access_log_is_listed() -> None:
    written: list[bytes] = []
    log = AccessLog(written.append, tuple(CLIENT_FACTS), lambda: datetime.now(UTC), 0)
    log.request_finished(exchange())
    listed = [name for row in table(LOGS, "field of a request") for name in spans(row["field of a request"])]
    assert set(listed) == set(json.loads(written[0]))


SHOWN_BY = {
    "The webmail is down": "integration/gateway/test_errors",
    "The webmail is slow": "integration/gateway/test_response_broken",
    "The webmail's answer is malformed": "integration/gateway/test_response_broken",
    "A kept connection to the webmail was closed": "integration/gateway/test_response_broken",
    "The store is down at the start": "unit/store/test_migrate integration/store/test_postgresql",
    "The store is lost while it runs": "unit/store/test_postures unit/store/test_write_queue unit/policy/test_decide",
    "PostgreSQL hangs: it takes connections and answers nothing": "integration/store/test_hanging unit/store/test_database",
    "A gate is frozen while it writes to PostgreSQL": "integration/store/test_hanging",
    "One of two gates dies": "integration/test_two_gates",
    "Rules change while the store is lost": "unit/rollout/test_version_in_force",
    "Rules change in a freeze": "unit/rollout/test_version_in_force integration/test_approvals",
    "The store has rules that this Mailgate cannot read": "unit/rollout/test_version_in_force",
    "The store is lost, and proofs come": "integration/test_replay unit/gateway/evaluate/test_proving",
    "The JWKS of an issuer cannot be fetched": "unit/gateway/test_remote_keys integration/test_issuer_keys",
    "Dovecot gets no answer about a login, or a malformed one": "e2e/test_side_door",
    "A source of device inventory fails": "unit/connectors/test_run unit/connectors/test_scheduler integration/connectors/test_gate",
    "A source suddenly names far fewer devices": "unit/connectors/test_run unit/cli/test_connectors",
    "A gate, `mailgate policy apply` or `mailgate policy rollback` is killed while it changes the rules": "integration/test_killed",
    "A gate dies while it reads a source": "unit/store/test_gates unit/connectors/test_runner",
    "A mail server does not take mails about rules, or the process that sends them dies": "integration/test_notices",
    "The SQLite file is deleted or replaced while the gate runs": "unit/store/test_database",
    "The spool is full or cannot be written": "unit/store/test_write_queue",
    "A file has a mistake, or a case of the rules fails": "integration/test_reload unit/config/test_bundle unit/app/test_preflight",
    "A certificate or its key cannot be served": "integration/test_tls unit/app/test_preflight",
    "The disk of the store is full": "unit/store/test_write_queue integration/test_full_disk",
    "A worker dies, in a replacement too, or signals come to all processes at once": "unit/app/workers/test_roster integration/test_workers",
    "A revocation list becomes stale": "unit/attest/test_client_certs",
    "A condition fails on the values of a request": "unit/policy/test_decide",
    "A request is slow, huge or malformed": "integration/gateway/test_request_refused integration/gateway/test_request_body",
}
"""The tests that show what happens. What follows the death of a process is up to systemd, which ``deploy/try-deb`` tries."""


def test_each_failure_in_the_table_links_to_its_test() -> None:
    breaks = [row["what breaks"] for row in table(OPERATE, "what breaks")]
    assert [each for each in breaks if each not in SHOWN_BY] == ["The process dies"]
    tests = {test for tests in SHOWN_BY.values() for test in tests.split()}
    assert [test for test in tests if not (ROOT / "tests" / f"{test}.py").exists()] == []
