"""The tour: what the demo says on the terminal, and the command lines that play one device each."""

import shlex
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

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
    lines.append(Text("In a second terminal, in this directory, be one device after the other:\n"))
    for step in steps(place):
        outcome = f"refused, {step.refused}" if step.refused else "gets the mail"
        lines += [Text(f"# {step.who}: {outcome}", style="cyan"), Text(step.command), Text()]
    lines.append(
        Text("In the browser, the developer tools' device toolbar makes a phone: see the page that it gets.")
    )
    lines.append(Text("Ctrl-C ends the demo. Whom the gate keeps out, it logs below.", style="dim"))
    return Group(*lines)


def _welcome(place: Place) -> Text:
    mailbox = "a made-up mailbox; nothing leaves this computer"
    behind = f"your webmail at {place.upstream}" if place.upstream else mailbox
    return Text.assemble(
        "Open ",
        (place.url, "bold underline"),
        f"\nBehind the gate: {behind}.\n",
        "Rules: ",
        (place.policy, "bold"),
        " (change it: the gate takes it at once)\n",
        "Health and metrics: ",
        (f"{place.admin}/metrics", "bold"),
        no_wrap=False,  # unlike the command lines, these are read, not copied
        overflow="fold",
    )
