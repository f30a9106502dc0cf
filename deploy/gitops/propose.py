#!/usr/bin/env python3
"""Says in Markdown what a proposed change of the rules does: ``propose.py SETTINGS COMMENT``.

It needs ``mailgate`` in the path, the address of a gate in ``MAILGATE_GATE`` and the token of an admin in
``MAILGATE_ADMIN_TOKEN``. The comment has counts and no names of people: who it is stands in the console.

Exit codes: 0 for a change that may be merged, within the guard or not; 1 and 2 as ``mailgate check`` and ``mailgate policy
plan`` have them. The comment says why.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

LABELS = {
    "block": "lose mail",
    "challenge": "are asked for proof",
    "warn": "are warned",
    "allow": "get mail again",
    "unknown": "cannot be told",
}
NEEDS = {
    0: "These rules are in force already.",
    3: "Within the guard: gates start it by themselves once it is merged.",
    4: "**Beyond the guard.** Once it is merged, gates hold it until somebody else has approved this plan and it is started there.",
}


def mailgate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mailgate", *arguments], capture_output=True, text=True, check=False)  # noqa: S607 - the one that was installed


def proposed(settings: str, gate: str) -> tuple[int, str]:
    """The exit code, and the comment."""
    checked = mailgate("check", "--config", settings, "--without-secrets")
    if checked.returncode:
        return checked.returncode, _failed("`mailgate check` finds mistakes", checked)
    made = mailgate("policy", "plan", "--config", settings, "--gate", gate, "--json", "--exit-code")
    if made.returncode not in NEEDS:
        return made.returncode, _failed("No plan could be made", made)
    unseen = [each for each in checked.stdout.splitlines() if each.startswith("NOT CHECKED")]
    return 0, "\n".join(comment(json.loads(made.stdout), made.returncode, gate, unseen))


def comment(plan: dict[str, Any], code: int, gate: str, unseen: list[str]) -> Iterator[str]:
    """What a plan says, a line each."""
    active, kept_out, window = plan["active"], plan["kept_out"], plan["window"]["days"]
    yield f"### What this changes, in place of version {active['number']}\n"
    yield NEEDS[code] + "\n"
    yield "| who | people | devices |\n|---|--:|--:|"
    yield from _rows("now", plan["newly"])
    for moment in plan["later"]:
        yield from _rows(f"from {moment['at'][:16].replace('T', ' ')} UTC", moment["newly"])
    undated = plan["undated"]
    if undated["devices"]:
        yield f"| may lose mail at a moment that cannot be told | {undated['people']} | {undated['devices']} |"
    yield f"| no change | {plan['untouched']['people']} | {plan['untouched']['devices']} |\n"
    yield f"The guard counts {kept_out['people']} people with {kept_out['devices']} devices. {plan['cases']['run']} cases hold."
    yield f"By the requests of {window} days; [everybody by name]({gate}/console/policy/plans/{plan['digest']}).\n"
    told = [f"{each['sign']} {each['about']}: {each['words']}" for each in plan["changes"]]
    yield _quoted(told or ["no difference that affects a decision"])
    yield _quoted(unseen) if unseen else ""


def _rows(when: str, newly: dict[str, dict[str, int]]) -> Iterator[str]:
    for label, words in LABELS.items():
        found = newly[label]
        if found["devices"] or (label == "block" and when == "now"):
            yield f"| {words} {when} | {found['people']} | {found['devices']} |"


def _failed(title: str, done: subprocess.CompletedProcess[str]) -> str:
    return f"### {title}\n\n{_quoted((done.stdout + done.stderr).splitlines())}"


def _quoted(lines: list[str]) -> str:
    """Texts as they are: nothing in them is Markdown, a link or the name of somebody to be told."""
    shown = (escape(line).replace("\\", "&#92;") for line in lines if line.strip())
    return "<pre>" + "\n".join(shown) + "</pre>\n"


if __name__ == "__main__":
    code, text = proposed(sys.argv[1], os.environ["MAILGATE_GATE"].rstrip("/"))
    Path(sys.argv[2]).write_text(text, encoding="utf-8")
    print(text)
    sys.exit(code)
