"""An explanation on the terminal."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.open_store import printable
from mailgate.model import LOGIN_PROTOCOLS, Access, Decision, Stage
from mailgate.views.explanation import Explanation, Trial
from mailgate.views.flips import flip_lines


def show(told: Explanation, more: dict[str, Any], access: Access, decision: Decision) -> None:
    """Print who asked, every rule that was tried, the decision, and what would turn it over."""
    console = Console()
    client, posture = access.client, access.posture
    if then := more.get("recorded"):
        last = f"{then['last']:%Y-%m-%d %H:%M} UTC"
        words = f"{then['effect']}: {then['reason']}, by {then['rule']}; {then['times']} times, last {last}"
        console.print(Text.assemble(("recorded ", "bold"), words, f"; by policy {decision.policy_version}:"))
    login = client.protocol in LOGIN_PROTOCOLS
    facts = f"{client.protocol} login" if login else f"{access.facts.method} {access.facts.target}"
    console.print(Text.assemble(("request  ", "bold"), f"{facts} at {access.now.isoformat()}"))
    handheld = "handheld" if client.handheld else "not handheld"
    console.print(Text.assemble(("client   ", "bold"), f"{client.kind}, {handheld}, {client.assurance}"))
    for signal in client.signals:
        says = f" says {signal.says}" if signal.says else ""
        console.print(Text(f"         {signal.source} {signal.name}: {signal.value}{says}", style="dim"))
    for finding in client.findings:
        console.print(Text(f"         finding {finding.reason}: {finding.detail}", style="yellow"))
    apps = f", apps: {', '.join(posture.apps)}" if posture.apps else ""
    console.print(Text.assemble(("device   ", "bold"), f"{posture.state}{apps}"))
    console.print(_table(told))
    would = f"; would: {', '.join(trial.rule for trial in decision.would)}" if decision.would else ""
    console.print(
        Text.assemble(
            ("decision ", "bold"),
            (decision.effect.value, "bold"),
            f": {decision.reason}, by {decision.rule}{would}",
        )
    )
    for line in flip_lines(told.flips):
        console.print(Text(printable(line), style="" if line.startswith(" ") else "bold"), highlight=False)


def _result(trial: Trial) -> str:
    """What came of a rule. One that only reported decided nothing."""
    if trial.effect and trial.stage == Stage.REPORT_ONLY:
        return f"would: {trial.effect}"
    return trial.effect or "no match"


def _table(told: Explanation) -> Table:
    table = Table("rule", "stage", "result", "condition and what it saw", expand=False)
    for trial in told.rules:
        saw = "\n".join(f"{name} = {json.dumps(value)}" for name, value in trial.values.items())
        note = f"\n{trial.note}" if trial.note else ""
        seen = Text.assemble(trial.condition, "\n", (saw, "dim"), note)
        table.add_row(Text(trial.rule), Text(trial.stage), Text(_result(trial)), seen)
    for rule in told.not_reached:
        table.add_row(Text(rule), Text(""), Text("not reached"), Text(""))
    return table
