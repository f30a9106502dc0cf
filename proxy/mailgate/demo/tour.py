"""The tour: what the demo says on the terminal, and the command lines that play one device each."""

import shlex
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

LAPTOP = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
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


@dataclass(frozen=True, slots=True)
class Step:
    """One device: who plays, the line to paste, and a word that stands in its answer."""

    who: str
    command: str
    answer: str


def steps(place: Place) -> tuple[Step, ...]:
    """The devices of the tour. A phone's proof is good for one request, so each line makes its own."""
    url, home = shlex.quote(place.url), "title"
    mint = f"{place.mailgate} attest mint --url {url}"
    as_phone = f"curl -sA {shlex.quote(IPHONE)}"
    return (
        Step("A laptop", f"curl -sA {shlex.quote(LAPTOP)} {url} | {SHOW}", home),
        Step("A phone that reports nothing", f"{as_phone} {url} | {SHOW}", "posture-missing"),
        Step(
            "A phone that reports TikTok",
            f"{mint} --app tiktok --curl | {as_phone} --config - | {SHOW}",
            "prohibited-app",
        ),
        Step("The same phone, TikTok removed", f"{mint} --curl | {as_phone} --config - | {SHOW}", home),
    )


def tour(place: Place) -> RenderableType:
    """What the terminal shows. The command lines stand alone and unbroken, to be copied whole."""
    behind = (
        f"your webmail at {place.upstream}"
        if place.upstream
        else "a made-up mailbox; nothing leaves this computer"
    )
    welcome = Text.assemble(
        "Open ",
        (place.url, "bold underline"),
        f"\nBehind the gate: {behind}.\n",
        "Rules: ",
        (place.policy, "bold"),
        " (change it: the gate takes it at once)\n",
        "Health and metrics: ",
        (f"{place.admin}/metrics", "bold"),
    )
    lines: list[RenderableType] = [Panel(welcome, title="Mailgate demo", border_style="cyan", expand=False)]
    lines.append(Text("In a second terminal, in this directory, be one device after the other:\n"))
    for step in steps(place):
        lines += [
            Text(f"# {step.who}", style="cyan"),
            Text(step.command, no_wrap=True, overflow="ignore"),
            Text(),
        ]
    lines.append(Text("Ctrl-C ends it. Decisions that keep somebody out are logged below.", style="dim"))
    return Group(*lines)
