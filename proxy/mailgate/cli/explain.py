"""``mailgate explain``: one recorded request, and every rule that was tried for it with the values that it saw."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.check import DEFAULT_PATH
from mailgate.cli.stored import fail, with_store
from mailgate.config import Bundle, load_bundle
from mailgate.config.document import MAX_BYTES
from mailgate.config.rehearsal import rehearse
from mailgate.errors import ConfigError, Mistake
from mailgate.model import LOGINS, Access, Decision
from mailgate.policy import AppCatalog, Policy
from mailgate.policy.cases import Situation
from mailgate.store import Store
from mailgate.telling.asked import read_request
from mailgate.telling.explanation import explanation, plain
from mailgate.telling.recall import Recalled, recall

Recorded = Annotated[
    Path, typer.Argument(metavar="[FILE|-]", help="One request in JSON or YAML; - for standard input.")
]
Reference = Annotated[
    str, typer.Option(help="The reference id of a refusal, or a sighting's id: look it up in the store.")
]
Config = Annotated[Path, typer.Option("--config", help="The settings whose policy decides.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def explain(
    recorded: Recorded = Path("-"),
    reference: Reference = "",
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Explain the decision on one recorded request: kind and signals, posture, every rule tried and why."""
    if reference:
        _explain_recorded(reference, config, as_json)
        return
    try:
        policy = load_bundle(config).policy
        situation = _read(recorded, policy.catalog)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    access, decision = rehearse(situation, policy, datetime.now(UTC))
    _tell(explanation(access, decision, policy), access, decision, as_json)


def _explain_recorded(reference: str, config: Path, as_json: bool) -> None:
    """What the gate recorded under this id, decided again by today's rules."""

    async def run(store: Store, bundle: Bundle) -> tuple[Recalled | None, Policy]:
        return await recall(store, bundle, reference, datetime.now(UTC)), bundle.policy

    recalled, policy = with_store(config, run)
    if recalled is None:
        fail(
            1,
            f"nothing is recorded under `{reference}`; expected the reference id of a page, or a sighting's id",
        )
    seen, tally = recalled.then.sighting, recalled.then.tally
    then = {name: getattr(seen, name) for name in ("effect", "reason", "rule", "posture", "policy")}
    report = explanation(recalled.access, recalled.decision, policy) | {
        "recorded": then | {"times": tally.times, "first": tally.first, "last": tally.last}
    }
    _tell(report, recalled.access, recalled.decision, as_json)


def _tell(report: dict[str, Any], access: Access, decision: Decision, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, default=plain))
    else:
        _print(report, access, decision)


def _read(path: Path, catalog: AppCatalog) -> Situation:
    """:raises ConfigError: with every mistake in the recorded request."""
    name = "<stdin>" if str(path) == "-" else str(path)
    try:
        with sys.stdin.buffer if str(path) == "-" else path.open("rb") as file:
            return read_request(file.read(MAX_BYTES + 1), name, catalog)
    except OSError as error:
        raise ConfigError(
            [Mistake(name, 1, 1, f"cannot be read: {error.strerror}; expected a recorded request")]
        ) from error


def _print(report: dict[str, Any], access: Access, decision: Decision) -> None:
    console = Console()
    client, posture = access.client, access.posture
    if then := report.get("recorded"):
        last = f"{then['last']:%Y-%m-%d %H:%M} UTC"
        words = f"{then['effect']}: {then['reason']}, by {then['rule']}; {then['times']} times, last {last}"
        console.print(Text.assemble(("recorded ", "bold"), words, "; by today's rules:"))
    login = client.protocol in LOGINS
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
    console.print(_table(report))
    would = f"; would: {', '.join(trial.rule for trial in decision.would)}" if decision.would else ""
    console.print(
        Text.assemble(
            ("decision ", "bold"),
            (decision.effect.value, "bold"),
            f": {decision.reason}, by {decision.rule}{would}",
        )
    )


def _table(report: dict[str, Any]) -> Table:
    table = Table("rule", "stage", "result", "condition and what it saw", expand=False)
    for trial in report["rules"]:
        result = trial["effect"].value if trial["effect"] else "no match"
        saw = "\n".join(
            f"{name} = {json.dumps(value, default=plain)}" for name, value in trial["values"].items()
        )
        told = Text.assemble(
            trial["condition"], "\n", (saw, "dim"), f"\n{trial['note']}" if trial["note"] else ""
        )
        table.add_row(Text(trial["rule"]), Text(trial["stage"].value), Text(result), told)
    for rule in report["not_reached"]:
        table.add_row(Text(rule), Text(""), Text("not reached"), Text(""))
    return table
