"""The tour: what the demo says on the terminal, and the command lines that play one device each."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from mailgate.demo.company.fill import Filled

LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Mobile/15E148"
SHOW = "grep -E 'title|reason'"


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are, in the words that a person types."""

    url: str
    """The gate."""
    admin: str
    mailgate: str
    """The command that runs Mailgate, quoted for the shell."""
    policy: str
    """The file of the rules in force."""
    upstream: str = ""
    """The webmail behind the gate; empty for the demo mailbox."""
    config: str = ""
    """The settings file."""
    tokens: Mapping[str, Path] = field(default_factory=dict)
    """Of the admins of a company: names, and the files that hold their tokens."""
    filled: Filled | None = None
    """The company that was made at this start."""


@dataclass(frozen=True, slots=True)
class Step:
    """One device of the tour: who it is, the line to paste, and the reason it is refused for (empty: it is let in)."""

    who: str
    command: str
    refused: str = ""


def steps(place: Place) -> tuple[Step, ...]:
    """The devices of the tour. A phone's proof is good for one request, so each line makes its own."""
    url = shlex.quote(place.url)
    as_phone = f"curl -s -A {shlex.quote(IPHONE)}"
    mint = f"{place.mailgate} attest mint --url {url}"
    return (
        Step("A laptop", f"curl -s -A {shlex.quote(LAPTOP)} {url} | {SHOW}"),
        Step("A phone that reports nothing", f"{as_phone} {url} | {SHOW}", "posture-missing"),
        Step(
            "A phone that reports TikTok",
            f"{mint} --app tiktok --curl | {as_phone} -K - | {SHOW}",
            "prohibited-app",
        ),
        Step("The same phone, TikTok removed", f"{mint} --curl | {as_phone} -K - | {SHOW}"),
    )


def tour(place: Place) -> RenderableType:
    """What the terminal shows. The command lines stand alone and unbroken, to be copied whole."""
    lines: list[RenderableType] = [
        Panel(_welcome(place), title="Mailgate demo", border_style="cyan", expand=False)
    ]
    if place.filled:
        lines += _company(place, place.filled)
    if place.tokens:
        lines += _tokens(place.tokens)
    lines.append(Text("In a second terminal, in this directory, be one device after the other:\n"))
    for step in steps(place):
        outcome = f"refused, {step.refused}" if step.refused else "gets the mail"
        lines += [Text(f"# {step.who}: {outcome}", style="cyan"), Text(step.command), Text()]
    lines.append(
        Text("In the browser, the developer tools' device toolbar makes a phone: see the page that it gets.")
    )
    lines.append(Text("Ctrl-C ends the demo. Whom the gate keeps out, it logs below.", style="dim"))
    return Group(*lines)


def company_steps(place: Place, filled: Filled) -> tuple[tuple[str, str], ...]:
    """What to look at in a company, and the command that shows it."""
    config = f"--config {shlex.quote(place.config)}"
    planner, approver = (shlex.quote(str(path)) for path in filled.tokens.values())
    run, digest = place.mailgate, filled.company.plan
    planned = shlex.quote(str(filled.planned))
    return (
        ("Who has which devices, and what is known of them", f"{run} devices list {config}"),
        ("Which rules were in force when, and why", f"{run} policy history {config}"),
        ("Whom other rules would keep out", f"{run} policy plan {planned} {config} --token-file {planner}"),
        ("A plan that waits for a second person", f"{run} policy plans {config}"),
        (
            "That person approves it",
            f"{run} policy approve {digest} --note 'Looked at' {config} --token-file {approver}",
        ),
        ("Who is spared for a time, and why", f"{run} exempt list {config}"),
        ("Who asked for help against a rule", f"{run} help-requests {config}"),
        ("Who did what, in a log that shows every edit", f"{run} audit list {config}"),
    )


def _company(place: Place, filled: Filled) -> list[RenderableType]:
    made = filled.company
    size = f"{made.people:,} people, {made.devices:,} devices, {made.requests:,} requests in two weeks"
    lines: list[RenderableType] = [
        Text(f"A made-up company is in the store: {size}. In a second terminal, in this directory:\n")
    ]
    for words, command in company_steps(place, filled):
        lines += [Text(f"# {words}", style="cyan"), Text(command), Text()]
    return lines


def _tokens(tokens: Mapping[str, Path]) -> list[RenderableType]:
    """Who may log in at the console, and with what."""
    told = [Text(f"{name}: {path.read_text('utf-8').strip()}  ({path})") for name, path in tokens.items()]
    words = "Who may log in at the console, and their tokens, each in a file that only you can read:"
    return [Text(words, style="cyan"), *told, Text()]


def _taken(place: Place) -> str:
    if place.tokens:
        return "the gate takes it, unless it keeps out so many that a second person has to approve"
    return "the gate takes it at once"


def _console(place: Place) -> tuple[str | tuple[str, str], ...]:
    if not place.tokens:
        return (
            "Console: start with --people 5000 to have a company to look at, and admins who may log in\n",
        )
    address = (f"{place.admin}/console/", "bold underline")
    return "Console: ", address, f" (log in as {' or '.join(place.tokens)}, with a token below)\n"


def _welcome(place: Place) -> Text:
    mailbox = "a made-up mailbox; nothing leaves this computer"
    behind = f"your webmail at {place.upstream}" if place.upstream else mailbox
    return Text.assemble(
        "Open ",
        (place.url, "bold underline"),
        f"\nBehind the gate: {behind}.\n",
        "Rules: ",
        (place.policy, "bold"),
        f" (change it: {_taken(place)})\n",
        *_console(place),
        "Health and metrics: ",
        (f"{place.admin}/metrics", "bold"),
        no_wrap=False,  # unlike the command lines, these are read, not copied
        overflow="fold",
    )
