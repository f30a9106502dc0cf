"""Writes deploy/grafana/mailgate.json, the dashboard of Mailgate for Grafana.

Run it after a change here: ``python deploy/make_dashboard.py``.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent / "grafana" / "mailgate.json"
SOURCE = {"type": "prometheus", "uid": "${source}"}
HERE = 'job=~"$job",instance=~"$instance"'
COLUMNS, HEIGHT, LOW = 24, 8, 4


@dataclass(frozen=True)
class Panel:
    """One panel: its title, its unit, and its queries, each with the name of its lines."""

    title: str
    unit: str
    queries: Sequence[tuple[str, str]]
    says: str = ""
    kind: str = "timeseries"
    width: int = 8
    stacked: bool = False
    colours: Sequence[tuple[float | None, str]] = ((None, "green"),)
    """The colour from each value on."""


def rate(metric: str, by: str, matching: str = "") -> str:
    return f"sum by ({by}) (rate({metric}{{{HERE}{matching}}}[$__rate_interval]))"


def share(part: str, whole: str) -> str:
    """The part of a whole; 0 if the part is missing, nothing if the whole is."""
    return f"((sum({part}) or vector(0)) / (sum({whole}) > 0)) or vector(0)"


def quantiles(metric: str) -> list[tuple[str, str]]:
    within = rate(f"{metric}_bucket", "le")
    return [(f"histogram_quantile({q}, {within})", f"{q:.0%} within") for q in (0.5, 0.95, 0.99)]


def each(metric: str, by: str, how: str = "max") -> str:
    return f"{how} by ({by}) ({metric}{{{HERE}}})"


REQUESTS = f"rate(mailgate_requests_total{{{HERE}}}[$__rate_interval])"
REFUSED = f'rate(mailgate_requests_total{{{HERE},effect!~"allow|none"}}[$__rate_interval])'
FAILED = f'rate(mailgate_errors_total{{{HERE},reason=~"upstream-.+|internal-error"}}[$__rate_interval])'
BAD_FROM_ONE = ((None, "green"), (1, "red"))
BAD_BELOW_ONE = ((None, "red"), (1, "green"))
BAD_FROM_A_TWENTIETH = ((None, "green"), (0.05, "red"))

ROWS: dict[str, Sequence[Panel]] = {
    "At a glance": (
        Panel("Gates that answer", "short", [(f"sum(up{{{HERE}}})", "")], kind="stat", width=4, colours=BAD_BELOW_ONE),
        Panel("Requests", "reqps", [(f"sum({REQUESTS})", "")], kind="stat", width=4),
        Panel("Kept out or warned", "percentunit", [(share(REFUSED, REQUESTS), "")], kind="stat", width=4),
        Panel(
            "Could not be served", "percentunit", [(share(FAILED, REQUESTS), "")], kind="stat", width=4,
            colours=BAD_FROM_A_TWENTIETH,
        ),
        Panel("Store", "short", [(f"min(mailgate_store_up{{{HERE}}})", "")], "1 while it takes what is written", "stat", 4, colours=BAD_BELOW_ONE),
        Panel(
            "Rules that are out", "short",
            [(f"max(mailgate_rules_halted{{{HERE}}} + mailgate_rules_break_glass{{{HERE}}})", "")],
            "Halted by themselves, or turned off by a person", "stat", 4, colours=BAD_FROM_ONE,
        ),
    ),
    "Requests": (
        Panel("By effect", "reqps", [(rate("mailgate_requests_total", "effect"), "{{effect}}")], "none: nothing was decided, as for addresses of the gate", stacked=True),
        Panel("By status", "reqps", [(rate("mailgate_requests_total", "code"), "{{code}}")], stacked=True),
        Panel("How long they took", "s", quantiles("mailgate_request_duration_seconds"), "To the last byte, without what waits on purpose"),
        Panel("Being served", "short", [
            (each("mailgate_requests_in_flight", "instance", "sum"), "{{instance}}"),
            (each("mailgate_requests_lasting", "instance", "sum"), "{{instance}}, tunnels and what lasts"),
        ]),
        Panel("Errors", "reqps", [(rate("mailgate_errors_total", "reason"), "{{reason}}")], "Requests that could not be served", stacked=True),
        Panel("How long a decision took", "s", quantiles("mailgate_decision_seconds")),
    ),
    "Webmail": (
        Panel("Its answers", "reqps", [(rate("mailgate_upstream_requests_total", "code"), "{{code}}")], "none: it gave no answer", width=12, stacked=True),
        Panel("How long it took", "s", quantiles("mailgate_upstream_duration_seconds"), "To the head of its answer", width=12),
    ),
    "Decisions": (
        Panel("Kept out or warned, by reason", "reqps", [(rate("mailgate_refusals_total", "reason"), "{{reason}}")], stacked=True),
        Panel("By rule", "reqps", [(rate("mailgate_refusals_total", "rule,effect"), "{{rule}}: {{effect}}")], stacked=True),
        Panel("What report-only rules would do", "reqps", [(rate("mailgate_report_only_matches_total", "rule,effect"), "{{rule}}: {{effect}}")], stacked=True),
        Panel("By kind of client", "reqps", [(rate("mailgate_decisions_total", "kind"), "{{kind}}")], stacked=True),
        Panel("Attestations", "reqps", [(rate("mailgate_attestations_total", "result"), "{{result}}")], stacked=True),
        Panel("Asked for help", "short", [(f"sum by (rule) (increase(mailgate_help_requests_total{{{HERE}}}[1h]))", "{{rule}}")], "Within the last hour"),
    ),
    "Store, gates and rules": (
        Panel("Rows that wait", "short", [
            (each("mailgate_ledger_waiting", "instance", "sum"), "{{instance}}, sightings"),
            (each("mailgate_reports_waiting", "instance", "sum"), "{{instance}}, reports"),
        ]),
        Panel("Written and lost", "cps", [
            (rate("mailgate_ledger_written_total", "job"), "written"),
            (rate("mailgate_ledger_dropped_total", "job"), "lost"),
            (rate("mailgate_ledger_strangers_not_recorded_total", "job"), "passed over"),
        ]),
        Panel("Gates on the store", "short", [(each("mailgate_gates", "state"), "{{state}}")], stacked=True),
        Panel("Rules in force", "short", [(each("mailgate_policy_serial", "instance"), "{{instance}}")], "By which activation each gate decides: all by the same"),
        Panel("Files on disk", "short", [
            (each("mailgate_config_ok", "instance", "min"), "{{instance}}: without mistakes"),
            (each("mailgate_policy_held", "instance"), "{{instance}}: held"),
        ]),
        Panel("Mails about rules", "cps", [(rate("mailgate_notices_total", "kind,state"), "{{kind}}: {{state}}")], stacked=True),
    ),
    "Sources and certificates": (
        Panel("How far sources lag", "s", [(f'time() - {each("mailgate_connector_last_success_timestamp_seconds", "connector")}', "{{connector}}")], "Since a run last succeeded"),
        Panel("Devices that they name", "short", [
            (each("mailgate_connector_devices", "connector"), "{{connector}}"),
            (each("mailgate_connector_held", "connector"), "{{connector}}: held, though no longer named"),
        ]),
        Panel("Certificates expire in", "s", [(f'{each("mailgate_certificate_expiry_timestamp_seconds", "instance,listener", "min")} - time()', "{{instance}} {{listener}}")]),
    ),
    "Processes": (
        Panel("Processor", "percentunit", [(rate("process_cpu_seconds_total", "instance,worker"), "{{instance}} {{worker}}")], "Of one processor"),
        Panel("Memory", "bytes", [(each("process_resident_memory_bytes", "instance,worker"), "{{instance}} {{worker}}")]),
        Panel("Open files and connections", "percentunit", [
            (f"max by (instance,worker) (process_open_fds{{{HERE}}} / process_max_fds{{{HERE}}})", "{{instance}} {{worker}}"),
        ], "Of those that it may have"),
    ),
}  # fmt: skip


def dashboard() -> dict[str, Any]:
    return {
        "uid": "mailgate",
        "title": "Mailgate",
        "tags": ["mailgate"],
        "timezone": "browser",
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_source(), _variable("job", "up", "mailgate"), _variable("instance", 'up{job=~"$job"}', None)]},
        "panels": [{"id": number, **panel} for number, panel in enumerate(_panels(), 1)],
    }  # fmt: skip


def _source() -> dict[str, Any]:
    return {"name": "source", "label": "Source", "type": "datasource", "query": "prometheus"}


def _variable(name: str, metric: str, begin: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": f"label_values({metric}, {name})", "refId": name},
        "refresh": 2,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": begin, "value": begin} if begin else {"text": "All", "value": "$__all"},
    }


def _panels() -> Iterator[dict[str, Any]]:
    top = 0
    for title, panels in ROWS.items():
        yield {
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": _place(0, top, COLUMNS, 1),
        }
        top, left = top + 1, 0
        for panel in panels:
            height = LOW if panel.kind == "stat" else HEIGHT
            yield _panel(panel, _place(left, top, panel.width, height))
            left += panel.width
            if left == COLUMNS:
                top, left = top + height, 0


def _place(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": SOURCE,
        "gridPos": place,
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": SOURCE,
                "expr": query,
                "legendFormat": legend or panel.title,
            }
            for number, (query, legend) in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _looks(panel), "overrides": []},
        "options": _options(panel),
    }


def _looks(panel: Panel) -> dict[str, Any]:
    steps = [{"value": value, "color": colour} for value, colour in panel.colours]
    looks: dict[str, Any] = {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": steps},
        "color": {"mode": "thresholds" if panel.kind == "stat" else "palette-classic"},
    }
    if panel.kind == "timeseries":
        stacking = {"mode": "normal" if panel.stacked else "none", "group": "A"}
        looks["custom"] = {
            "lineWidth": 1,
            "fillOpacity": 25 if panel.stacked else 8,
            "showPoints": "never",
            "stacking": stacking,
        }
    return looks


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        return {"colorMode": "value", "graphMode": "area", "reduceOptions": {"calcs": ["lastNotNull"]}}
    return {
        "legend": {"displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def text() -> str:
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), "utf-8")
