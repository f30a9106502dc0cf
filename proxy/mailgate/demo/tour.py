"""The texts of the demo on the terminal, and the command lines of the tour, each of which simulates a device."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailgate.demo.company.fill import Filled

LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Mobile/15E148"
SHOW = "grep -E 'title|reason'"


@dataclass(frozen=True, slots=True)
class DemoAddresses:
    """Addresses and files, in the form that a person types."""

    url: str
    """The gate."""
    admin: str
    """The admin port."""
    mailgate: str
    """The command that runs Mailgate, quoted for the shell."""
    policy: str
    """The file of the rules in force."""
    upstream: str = ""
    """The webmail behind the gate; empty for the demo mailbox."""
    config: str = ""
    """The settings file."""
    keys: str = ""
    """The folder of the test issuer's keys; empty if `mailgate attest mint` looks there by itself."""
    tokens: Mapping[str, Path] = field(default_factory=dict)
    """The admins of a company by name, with the files that hold their tokens."""
    filled: Filled | None = None
    """The company that was made at this start."""
    start: str = ""
    """The start page."""
    log: str = ""
    """The file of the gate's log."""


@dataclass(frozen=True, slots=True)
class TourStep:
    """One device of the tour, the line to paste, and the reason of its refusal; empty if it is let in."""

    who: str
    command: str
    refused: str = ""


def steps(place: DemoAddresses) -> tuple[TourStep, ...]:
    """The devices of the tour. A phone's proof is valid for one request, so each line makes its own."""
    url = shlex.quote(place.url)
    as_phone = f"curl -s -A {shlex.quote(IPHONE)}"
    keys = f"--keys {shlex.quote(place.keys)} " if place.keys else ""
    mint = f"{place.mailgate} attest mint {keys}--url {url}"
    return (
        TourStep("A laptop", f"curl -s -A {shlex.quote(LAPTOP)} {url} | {SHOW}"),
        TourStep("A phone that reports nothing", f"{as_phone} {url} | {SHOW}", "posture-missing"),
        TourStep(
            "A phone that reports TikTok",
            f"{mint} --app tiktok --curl | {as_phone} -K - | {SHOW}",
            "prohibited-app",
        ),
        TourStep("The same phone, TikTok removed", f"{mint} --curl | {as_phone} -K - | {SHOW}"),
    )


def company_steps(place: DemoAddresses, filled: Filled) -> tuple[tuple[str, str], ...]:
    """Things to look at in a company, each with the command that shows it."""
    config = f"--config {shlex.quote(place.config)}"
    planner, approver = (shlex.quote(str(path)) for path in filled.tokens.values())
    run, digest = place.mailgate, filled.plan
    planned = shlex.quote(str(filled.planned))
    return (
        ("Who has which devices, and what is known of them", f"{run} devices list {config}"),
        ("Which rules ran when, and why", f"{run} policy history {config}"),
        ("Who loses mail by other rules", f"{run} policy plan {planned} {config} --token-file {planner}"),
        ("A plan that waits for a second person", f"{run} policy plans {config}"),
        (
            "That person approves it",
            f"{run} policy approve {digest} --note 'Looked at' {config} --token-file {approver}",
        ),
        ("Who is exempt for a time, and why", f"{run} exempt list {config}"),
        ("Who asked for help against a rule", f"{run} help-requests {config}"),
        ("Who did what, in a log that shows every edit", f"{run} audit list {config}"),
    )


def commands(place: DemoAddresses) -> tuple[tuple[str, str], ...]:
    """Everything that can be tried in a second terminal, in the same directory: descriptions and lines."""
    devices = tuple(
        (f"{step.who}: {f'refused, {step.refused}' if step.refused else 'gets the mail'}", step.command)
        for step in steps(place)
    )
    return devices + (company_steps(place, place.filled) if place.filled else ())


TRIES = (
    "Be the phone with TikTok (1 minute)",
    "Be the help desk (2 minutes)",
    "Prohibit an app yourself (3 minutes)",
)


def tour(place: DemoAddresses) -> str:
    """What to open, how to log in, and what to try, in 80 columns unless a path is long."""
    tries = TRIES if place.tokens else TRIES[:1]
    lines = [
        f"Mailgate runs. Open {place.start}",
        "There, one click each:",
        *(f"  {number}. {words}" for number, words in enumerate(tries, 1)),
        "",
        f"Mail     {place.url}  ({f'before {place.upstream}' if place.upstream else 'a demo mailbox'})",
        *_console(place),
        f"Rules    {place.policy}  (edit them{': big changes need approval' if place.tokens else ''})",
        f"Log      {place.log}",
        "Ctrl-C ends the demo.",
    ]
    return "\n".join(lines)


def _console(place: DemoAddresses) -> list[str]:
    """The address of the console, and a line for each of its admins."""
    address = f"Console  {place.admin.replace('127.0.0.1', 'localhost')}/console/"
    if not place.tokens:
        return [address, "         (to log in, start with --people 300 in a new --directory)"]
    return [address, *(f"Log in   {path.read_text('utf-8').strip()}" for path in place.tokens.values())]
