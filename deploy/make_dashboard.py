"""Writes the dashboards in deploy/grafana: an overview, and one for each question that people ask.

Run it after a change here: ``python deploy/make_dashboard.py``.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent / "grafana"
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


def within(metric: str, by: str, matching: str = "", time: str = "$__range") -> str:
    """How often something was counted in this time."""
    return f"sum by ({by}) (increase({metric}{{{HERE}{matching}}}[{time}]))"


def quantile(metric: str) -> str:
    """Within which time 95 % end."""
    return quantiles(metric)[1][0]


def devices(*mail: str) -> str:
    """How many devices get so of mail. Each gate counts all of the store."""
    return f'sum(max by (mail) (mailgate_devices{{{HERE},mail=~"{"|".join(mail)}"}}))'


def a_day_before(query: str) -> str:
    """The same a day before. A query reads counters by ``]`` and gauges by ``}``."""
    place = "]" if "]" in query else "}"
    return query.replace(place, f"{place} offset 1d")


def each(metric: str, by: str, how: str = "max") -> str:
    return f"{how} by ({by}) ({metric}{{{HERE}}})"


REQUESTS = f"rate(mailgate_requests_total{{{HERE}}}[$__rate_interval])"
REFUSED = f'rate(mailgate_requests_total{{{HERE},effect!~"allow|none"}}[$__rate_interval])'
FAILED = f'rate(mailgate_errors_total{{{HERE},reason=~"upstream-.+|internal-error"}}[$__rate_interval])'
BAD_FROM_ONE = ((None, "green"), (1, "red"))
BAD_BELOW_ONE = ((None, "red"), (1, "green"))
BAD_FROM_A_TWENTIETH = ((None, "green"), (0.05, "red"))

BEING_SERVED = Panel("Being served", "short", [(each("mailgate_requests_in_flight", "instance", "sum"), "{{instance}}"), (each("mailgate_requests_lasting", "instance", "sum"), "{{instance}}, tunnels and what lasts")])  # fmt: skip
OPEN_FILES = Panel("Open files and connections", "percentunit", [(f"max by (instance,worker) (process_open_fds{{{HERE}}} / process_max_fds{{{HERE}}})", "{{instance}} {{worker}}")], "Of those that it may have")  # fmt: skip
REPORT_ONLY = Panel("What report-only rules would do", "reqps", [(rate("mailgate_report_only_matches_total", "rule,effect"), "{{rule}}: {{effect}}")], stacked=True)  # fmt: skip
RULES_OUT = Panel("Rules that are out", "short", [(f"max(mailgate_rules_halted{{{HERE}}} + mailgate_rules_break_glass{{{HERE}}})", "")], "Halted by themselves, or turned off by a person", "stat", 4, colours=BAD_FROM_ONE)  # fmt: skip

Rows = dict[str, Sequence[Panel]]

OVERVIEW: Rows = {
    "At a glance": (
        Panel("Gates that answer", "short", [(f"sum(up{{{HERE}}})", "")], kind="stat", width=4, colours=BAD_BELOW_ONE),
        Panel("Requests", "reqps", [(f"sum({REQUESTS})", "")], kind="stat", width=4),
        Panel("Kept out or warned", "percentunit", [(share(REFUSED, REQUESTS), "")], kind="stat", width=4),
        Panel(
            "Could not be served", "percentunit", [(share(FAILED, REQUESTS), "")], kind="stat", width=4,
            colours=BAD_FROM_A_TWENTIETH,
        ),
        Panel("Store", "short", [(f"min(mailgate_store_up{{{HERE}}})", "")], "1 while it takes what is written", "stat", 4, colours=BAD_BELOW_ONE),
        RULES_OUT,
    ),
    "Requests": (
        Panel("By effect", "reqps", [(rate("mailgate_requests_total", "effect"), "{{effect}}")], "none: nothing was decided, as for addresses of the gate", stacked=True),
        Panel("By status", "reqps", [(rate("mailgate_requests_total", "code"), "{{code}}")], stacked=True),
        Panel("How long they took", "s", quantiles("mailgate_request_duration_seconds"), "To the last byte, without what waits on purpose"),
        BEING_SERVED,
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
        REPORT_ONLY,
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
        OPEN_FILES,
    ),
}  # fmt: skip


KEPT_OUT = ("kept-out", "must-prove-itself")
NO_MAIL = ',effect!~"allow|warn"'
SHARE_REFUSED = share(REFUSED, REQUESTS)
BY_RULE = rate("mailgate_refusals_total", "rule,effect")
FIRST = (
    f"min by (rule,reason) (min_over_time((timestamp(sum by (rule,reason) "
    f"(increase(mailgate_refusals_total{{{HERE}{NO_MAIL}}}[5m])) > 0))[$__range:5m])) * 1000"
)
"""When each rule first refused somebody in this time, in milliseconds."""
WEBMAIL_SECONDS = f"rate(mailgate_upstream_duration_seconds_sum{{{HERE}}}[$__rate_interval])"
ALL_SECONDS = f"rate(mailgate_request_duration_seconds_sum{{{HERE}}}[$__rate_interval])"
TIMED = f"rate(mailgate_request_duration_seconds_count{{{HERE}}}[$__rate_interval])"
BUSY = rate("process_cpu_seconds_total", "instance,worker")

WHO: Rows = {
    "Who: how many, and their names in the console": (
        Panel("Known devices kept out", "short", [(devices(*KEPT_OUT), "")], "The console names them: the link above. Who has no known device is not counted here", "stat", 4, colours=BAD_FROM_ONE),
        Panel("Marked as lost", "short", [(devices("lost"), "")], kind="stat", width=4),
        Panel("Get mail", "short", [(devices("gets-mail", "warned", "exempt"), "")], "Warned and exempt ones too", "stat", 4),
        Panel("Requests refused or warned", "percentunit", [(SHARE_REFUSED, "")], kind="stat", width=4),
        Panel("Asked for help", "short", [(f"sum(increase(mailgate_help_requests_total{{{HERE}}}[1h])) or vector(0)", "")], "Within the last hour", "stat", 4, colours=BAD_FROM_ONE),
        Panel("Exemptions", "short", [(f"max(mailgate_exemptions{{{HERE}}})", "")], "People and devices that get mail in spite of a rule", "stat", 4),
    ),
    "Since when": (
        Panel("Known devices, by what they get", "short", [(each("mailgate_devices", "mail"), "{{mail}}")], "Counted every minute", width=12, stacked=True),
        Panel("First refused in this time", "dateTimeAsIso", [(FIRST, "{{rule}}: {{reason}}")], "To within five minutes. Whatever stands at the left edge may be older", "stat", 12),
    ),
    "Why: by the rules": (
        Panel("By reason", "reqps", [(rate("mailgate_refusals_total", "reason", NO_MAIL), "{{reason}}")], stacked=True),
        Panel("By rule", "reqps", [(rate("mailgate_refusals_total", "rule", NO_MAIL), "{{rule}}")], stacked=True),
        Panel("By kind of client", "reqps", [(rate("mailgate_decisions_total", "kind", NO_MAIL), "{{kind}}")], stacked=True),
    ),
    "Why: for want of a report or a proof": (
        Panel("Proofs that were refused", "reqps", [(rate("mailgate_attestations_total", "result", ',result!="accepted"'), "{{result}}")], stacked=True),
        Panel("How far sources lag", "s", [(f'time() - {each("mailgate_connector_last_success_timestamp_seconds", "connector")}', "{{connector}}")], "Their devices lose mail once their reports are too old"),
        Panel("Sources that contradict each other", "short", [(each("mailgate_device_findings", "reason"), "{{reason}}")]),
    ),
    "Why: not by a rule at all": (
        Panel("Requests that could not be served", "reqps", [(rate("mailgate_errors_total", "reason"), "{{reason}}")], "Nobody decided that these people get no mail", width=12, stacked=True),
        Panel("Gates, and the store", "short", [(f"sum(up{{{HERE}}})", "gates that answer"), (f"min(mailgate_store_up{{{HERE}}})", "store: 1 while it takes what is written")], width=12),
    ),
}  # fmt: skip

SLOW: Rows = {
    "At a glance": (
        Panel("Spent in the webmail", "percentunit", [(f"sum({WEBMAIL_SECONDS}) / (sum({ALL_SECONDS}) > 0)", "")], "Of the time that requests take. The rest is the gate's, and that of clients who take the answer slowly", "stat", 4),
        Panel("Webmail: 95 % within", "s", [(quantile("mailgate_upstream_duration_seconds"), "")], "To the head of its answer", "stat", 4),
        Panel("Whole requests: 95 % within", "s", [(quantile("mailgate_request_duration_seconds"), "")], "To the last byte", "stat", 4),
        Panel("Decisions: 95 % within", "s", [(quantile("mailgate_decision_seconds"), "")], "Queries of the store included", "stat", 4),
        Panel("No answer of the webmail", "percentunit", [(share(FAILED, REQUESTS), "")], kind="stat", width=4, colours=BAD_FROM_A_TWENTIETH),
        Panel("Busiest process", "percentunit", [(f"max({BUSY})", "")], "Of one processor", "stat", 4, colours=((None, "green"), (0.8, "red"))),
    ),
    "Where the time goes": (
        Panel("An average request", "s", [
            (f"sum({WEBMAIL_SECONDS}) / (sum({TIMED}) > 0)", "until the webmail's head"),
            (f"(sum({ALL_SECONDS}) - sum({WEBMAIL_SECONDS})) / (sum({TIMED}) > 0)", "the rest: gate, bodies, slow clients"),
        ], width=12, stacked=True),
        Panel("95 % within", "s", [
            (quantile("mailgate_upstream_duration_seconds"), "webmail, to its head"),
            (quantile("mailgate_request_duration_seconds"), "whole request"),
            (quantile("mailgate_decision_seconds"), "decision"),
        ], width=12),
    ),
    "The webmail": (
        Panel("How long it took", "s", quantiles("mailgate_upstream_duration_seconds")),
        Panel("Its answers", "reqps", [(rate("mailgate_upstream_requests_total", "code"), "{{code}}")], "none: it gave no answer", stacked=True),
        Panel("Errors", "reqps", [(rate("mailgate_errors_total", "reason"), "{{reason}}")], stacked=True),
    ),
    "The gate": (
        Panel("Processor", "percentunit", [(BUSY, "{{instance}} {{worker}}")], "Of one processor: near 100 % it is the gate"),
        Panel("Decisions that were cached", "percentunit", [(share(f"rate(mailgate_verdicts_hits_total{{{HERE}}}[$__rate_interval])", f"rate(mailgate_verdicts_hits_total{{{HERE}}}[$__rate_interval]) + rate(mailgate_verdicts_misses_total{{{HERE}}}[$__rate_interval])"), "")]),
        Panel("How long a decision took", "s", quantiles("mailgate_decision_seconds"), "If long: the store, below"),
        BEING_SERVED,
        Panel("Rows that wait for the store", "short", [(each("mailgate_ledger_waiting", "instance", "sum"), "{{instance}}, sightings"), (each("mailgate_reports_waiting", "instance", "sum"), "{{instance}}, reports")]),
        OPEN_FILES,
    ),
}  # fmt: skip

RULES: Rows = {
    "What is in force": (
        Panel("Activation", "short", [(f"max(mailgate_policy_serial{{{HERE}}})", "")], "It counts each change of the rules; what changed is in the console", "stat", 4),
        Panel("Changes in this time", "short", [(f"max(changes(mailgate_policy_serial{{{HERE}}}[$__range]))", "")], kind="stat", width=4),
        RULES_OUT,
        Panel("Files that wait", "short", [(f"max(mailgate_policy_held{{{HERE}}})", "")], "1 while the files of a gate are not in force: `rules.held` of /readyz says why", "stat", 4, colours=BAD_FROM_ONE),
        Panel("Mails about rules", "short", [(f"sum(increase(mailgate_notices_total{{{HERE},state=\"sent\"}}[$__range])) or vector(0)", "")], "Sent in this time, corrections too", "stat", 4),
        Panel("Asked for help", "short", [(f"sum(increase(mailgate_help_requests_total{{{HERE}}}[$__range])) or vector(0)", "")], "In this time", "stat", 4, colours=BAD_FROM_ONE),
    ),
    "Whom it reached: now, and a day before": (
        Panel("Known devices without mail", "short", [(devices(*KEPT_OUT), "now"), (a_day_before(devices(*KEPT_OUT)), "a day before")], "Their names: the link above", width=12),
        Panel("Requests refused or warned", "percentunit", [(SHARE_REFUSED, "now"), (a_day_before(SHARE_REFUSED), "a day before")], width=12),
    ),
    "By which rule": (
        Panel("Now", "reqps", [(BY_RULE, "{{rule}}: {{effect}}")], stacked=True),
        Panel("A day before", "reqps", [(a_day_before(BY_RULE), "{{rule}}: {{effect}}")], stacked=True),
        REPORT_ONLY,
    ),
    "How people took it": (
        Panel("Asked for help, by rule", "short", [(within("mailgate_help_requests_total", "rule", time="1h"), "{{rule}}")], "Within an hour"),
        Panel("Mails, by kind", "short", [(within("mailgate_notices_total", "kind,state", time="1h"), "{{kind}}: {{state}}")], "Within an hour"),
        Panel("Which activation each gate decides by", "short", [(each("mailgate_policy_serial", "instance"), "{{instance}}")], "All by the same"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Board:
    """One dashboard: the end of its file's name, its title, its rows, and the pages of the console that have names."""

    name: str
    title: str
    rows: Rows
    since: str = "now-6h"
    console: Sequence[tuple[str, str]] = ()


NAMES = ("Names: devices without mail", "devices?mail=kept-out")
BOARDS = (
    Board("mailgate", "Mailgate", OVERVIEW),
    Board("mailgate-who", "Mailgate: who is without mail, since when, why", WHO, "now-24h", (NAMES, ("Help requests", "help"))),
    Board("mailgate-slow", "Mailgate: is the gate slow, or the webmail", SLOW),
    Board("mailgate-rules", "Mailgate: what did last night's rule do", RULES, "now-24h", (("What changed, and why", "policy"), ("Plans and what came of them", "policy/plans"), NAMES)),
)  # fmt: skip


def dashboard(board: Board) -> dict[str, Any]:
    console = [_console()] if board.console else []
    return {
        "uid": board.name,
        "title": board.title,
        "tags": ["mailgate"],
        "timezone": "browser",
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": board.since, "to": "now"},
        "links": [_others(), *(_page(title, path) for title, path in board.console)],
        "annotations": {"list": [_changes()]},
        "templating": {"list": [_source(), _variable("job", "up", "mailgate"), _variable("instance", 'up{job=~"$job"}', None), *console]},
        "panels": [{"id": number, **panel} for number, panel in enumerate(_panels(board.rows), 1)],
    }  # fmt: skip


def _others() -> dict[str, Any]:
    """The other dashboards, for the same gates and the same time."""
    link = _link("Other questions", "dashboards")
    return {**link, "tags": ["mailgate"], "asDropdown": True, "includeVars": True, "keepTime": True}


def _page(title: str, path: str) -> dict[str, Any]:
    """A page of the console: names stand there, and in no metric."""
    return {**_link(title, "link"), "url": f"${{console}}/console/{path}", "targetBlank": True}


def _link(title: str, kind: str) -> dict[str, Any]:
    return {"title": title, "type": kind, "icon": "external link", "tooltip": "", "url": "", "tags": [], "asDropdown": False, "targetBlank": False, "includeVars": False, "keepTime": False}  # fmt: skip


def _changes() -> dict[str, Any]:
    """A line in every chart at each change of the rules."""
    query = f"max by (job) (changes(mailgate_policy_serial{{{HERE}}}[$__interval])) > 0"
    return {"name": "Rules changed", "datasource": SOURCE, "enable": True, "iconColor": "purple", "expr": query, "titleFormat": "Rules changed"}  # fmt: skip


def _console() -> dict[str, Any]:
    return {"name": "console", "label": "Console", "type": "textbox", "query": "https://console.example.com"}


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


def _panels(rows: Rows) -> Iterator[dict[str, Any]]:
    top = 0
    for title, panels in rows.items():
        yield {
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": _place(0, top, COLUMNS, 1),
        }
        top, left = top + 1, 0
        height = LOW if all(panel.kind == "stat" for panel in panels) else HEIGHT
        for panel in panels:
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
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def texts() -> dict[str, str]:
    """Every dashboard, by the name of its file."""
    return {f"{each.name}.json": json.dumps(dashboard(each), indent=1) + "\n" for each in BOARDS}


if __name__ == "__main__":
    for name, text in texts().items():
        (TARGET / name).write_text(text, "utf-8")
