"""``mailgate policy break-glass|resume``."""

import json

import pytest
from tests.unit.cli.policy.test_history import run
from tests.unit.cli.policy.test_history import versions as versions

from mailgate.cli import admin
from mailgate.rollout.person import Person

UNTIL = ("--until", "2999-01-01")


@pytest.fixture(autouse=True)
def ada(versions: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "system_user", lambda: Person("ada", "desk"))


def test_a_rule_is_off_until_somebody_resumes_it() -> None:
    off = run("break-glass", "shut", "--note", "everybody is locked out", *UNTIL)
    assert (off.exit_code, off.output) == (0, "shut is off until 2999-01-01 00:00 UTC\n")
    assert "# OFF shut: off until" in run("show").output
    (told,) = json.loads(run("show", "--json").output)["off"]
    assert "everybody is locked out" in told
    assert run("resume", "shut", "--note", "fixed").output == "shut is on again\n"
    assert "# OFF" not in run("show").output


def test_both_tell_programs_what_they_did() -> None:
    given = json.loads(run("break-glass", "shut", "--note", "why", *UNTIL, "--json").output)
    (ended,) = json.loads(run("resume", "shut", "--note", "fixed", "--json").output)
    assert given == ended
    assert (given["cause"], given["rule"], given["author"]) == ("break-glass", "shut", "ada")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("break-glass", "shutt", "--note", "x", *UNTIL), 1, "no rule is called"),
        (("break-glass", "shut", "--note", " ", *UNTIL), 2, "say why"),
        (("break-glass", "shut", "--note", "x", "--until", "2020-01-01"), 1, "choose an end in the future"),
        (("break-glass", "shut", "--note", "x", "--until", "soon"), 2, "--until:"),
        (("resume", "shut", "--note", "x"), 1, "is not off"),
    ],
)
def test_a_refused_command_says_why(arguments: tuple[str, ...], code: int, words: str) -> None:
    refused = run(*arguments)
    assert (refused.exit_code, words in refused.output) == (code, True)
