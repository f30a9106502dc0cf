"""``mailgate explain``: one recorded request, with every rule that was tried for it and the values that it read."""

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.exit_codes import fail
from mailgate.cli.options import DEFAULT_PATH, MOMENT, AsObject, Config, checked, note_found, with_store
from mailgate.cli.output import minute, printable
from mailgate.cli.policy.history import version_called
from mailgate.config import Bundle, Rules, compile_rules, load_bundle
from mailgate.config.document import MAX_BYTES
from mailgate.console.explain.facts import Explanation, Trial, explanation, plain
from mailgate.console.explain.flips import flip_lines
from mailgate.console.explain.requests import RedecidedRequest, read_request, redecide
from mailgate.console.words import not_denied_in_words
from mailgate.errors import ConfigError, Mistake
from mailgate.model import LOGIN_PROTOCOLS, Access, Decision, Stage
from mailgate.policy import AppCatalog, Policy
from mailgate.policy.cases import Situation, decide_situation
from mailgate.policy.decide import decide
from mailgate.policy.simulate.what_if import as_fresh_at
from mailgate.store import Store


def show(told: Explanation, more: dict[str, Any], access: Access, decision: Decision) -> None:
    """Print who asked, every rule that was tried, the decision, and what would turn it over."""
    console = Console()
    client, posture = access.client, access.posture
    if then := more.get("recorded"):
        last = minute(then["last"])
        words = f"{then['effect']}: {then['reason']}, by {then['rule']}; {then['times']} times, last {last}"
        console.print(Text.assemble(("recorded ", "bold"), words, f"; by policy {decision.policy_version}:"))
    login = client.protocol in LOGIN_PROTOCOLS
    facts = f"{client.protocol} login" if login else f"{access.facts.method} {access.facts.target}"
    console.print(Text.assemble(("request  ", "bold"), f"{facts} at {access.now.isoformat()}"))
    carried = "like a phone or tablet" if client.handheld else "not like a phone or tablet"
    console.print(Text.assemble(("client   ", "bold"), f"{client.kind}, {carried}, {client.assurance}"))
    for signal in client.signals:
        says = f" says {signal.says}" if signal.says else ""
        console.print(Text(f"         {signal.source} {signal.name}: {signal.value}{says}", style="dim"))
    for finding in client.findings:
        console.print(Text(f"         finding {finding.reason}: {finding.detail}", style="yellow"))
    apps = f", apps: {', '.join(posture.apps)}" if posture.apps else ""
    apps += f", cannot run: {', '.join(posture.denied)} ({posture.denied_by})" if posture.denied else ""
    whole = " of all phones and tablets of this person" if posture.by_person else ""
    why = not_denied_in_words(posture.not_denied)
    words = f"{posture.state}{apps}{whole}{f'. {why}' if why else ''}"
    console.print(Text.assemble(("device   ", "bold"), words))
    console.print(_table(told))
    would = f"; would: {', '.join(trial.rule for trial in decision.would)}" if decision.would else ""
    decided = f": {decision.reason}, by {decision.rule}{would}"
    console.print(Text.assemble(("decision ", "bold"), (decision.effect.value, "bold"), decided))
    for line in flip_lines(told.flips):
        console.print(Text(printable(line), style="" if line.startswith(" ") else "bold"), highlight=False)


def _result(trial: Trial) -> str:
    """What came of a rule. One that only reported decided nothing."""
    if trial.effect and trial.stage == Stage.REPORT_ONLY:
        return f"would: {trial.effect}"
    return trial.effect or "no match"


_OWN_WORD = " (the browser's own word)"


def _table(told: Explanation) -> Table:
    table = Table("rule", "stage", "result", "condition and what it saw", box=SIMPLE)
    for trial in told.rules:
        saw = "\n".join(
            f"{name} = {json.dumps(value)}{_OWN_WORD if name.startswith('extension.') else ''}"
            for name, value in trial.values.items()
        )
        note = f"\n{trial.note}" if trial.note else ""
        seen = Text.assemble(trial.condition, "\n", (saw, "dim"), note)
        table.add_row(Text(trial.rule), Text(trial.stage), Text(_result(trial)), seen)
    for rule in told.not_reached:
        table.add_row(Text(rule), Text(""), Text("not reached"), Text(""))
    return table


def explain(
    recorded: Annotated[
        Path, typer.Argument(metavar="[FILE|-]", help="One request in JSON or YAML; - for standard input.")
    ] = Path("-"),
    reference: Annotated[
        str, typer.Option(help="The help number of a refusal, or a request's id: look it up in the store.")
    ] = "",
    version: Annotated[
        str,
        typer.Option(
            help="Decide by this version of `mailgate policy history`: a number, or the beginning of a digest."
        ),
    ] = "",
    at: Annotated[
        str,
        typer.Option(metavar="TIME", help="Decide as of this time, with what is known of the device now."),
    ] = "",
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """Explain the decision on one request: kind, device, every rule tried and why, and what would change it."""
    moment = checked("--at", MOMENT, at) if at else None
    if reference:
        _explain_recorded(reference, version, moment, config, as_json)
        return
    if version:
        policy = with_store(config, lambda store, _: _rules_called(store, version)).policy
    else:
        policy = load_bundle(config).policy
    situation = _read(recorded, policy.catalog)
    access, _ = decide_situation(situation, policy, datetime.now(UTC))
    _print_explanation(access, policy, moment, {}, as_json)


async def _rules_called(store: Store, name: str) -> Rules:
    """The rules of a version that was in force. Ends the command if there is none, or more than one."""
    return compile_rules((await version_called(store, name)).texts)


def _explain_recorded(
    reference: str, version: str, moment: datetime | None, config: Path, as_json: bool
) -> None:
    """Explain a recorded request, decided again by the rules in force or by another version."""

    async def run(store: Store, bundle: Bundle) -> tuple[RedecidedRequest | None, Policy]:
        if version:
            bundle = replace(bundle, rules=await _rules_called(store, version))
        recalled = await redecide(store, bundle, reference, datetime.now(UTC))
        await note_found(store, recalled and recalled.then.sighting)
        return recalled, bundle.policy

    recalled, policy = with_store(config, run)
    if recalled is None:
        expected = "give the help number of a page, or a request's id"
        fail(1, f"nothing is recorded under `{reference}`; {expected}")
    seen, tally = recalled.then.sighting, recalled.then.tally
    then = {name: getattr(seen, name) for name in ("effect", "reason", "rule", "posture", "policy")}
    then |= {"times": tally.times, "first": tally.first, "last": tally.last}
    _print_explanation(recalled.access, policy, moment, {"recorded": then}, as_json)


def _print_explanation(
    access: Access, policy: Policy, at: datetime | None, more: dict[str, Any], as_json: bool
) -> None:
    """Decide and say why. ``more`` is printed too."""
    access = as_fresh_at(access, at) if at else access
    decision = decide(access, policy)
    told = explanation(access, decision, policy)
    if as_json:
        typer.echo(json.dumps(told.model_dump(mode="json") | more, ensure_ascii=False, default=plain))
    else:
        show(told, more, access, decision)


def _read(path: Path, catalog: AppCatalog) -> Situation:
    """:raises ConfigError: with every mistake in the recorded request."""
    name = "<stdin>" if str(path) == "-" else str(path)
    try:
        with sys.stdin.buffer if str(path) == "-" else path.open("rb") as file:
            return read_request(file.read(MAX_BYTES + 1), name, catalog)
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}; use a recorded request"
        raise ConfigError([Mistake(name, 1, 1, wrong)]) from error
