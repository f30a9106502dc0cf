"""The tour: every line of it can be copied whole, and says what it will be answered."""

import io
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from mailgate.demo.company.fill import Filled
from mailgate.demo.company.seed import Company
from mailgate.demo.tour import Place, company_steps, steps, tour

PLACE = Place("http://localhost:8080/", "http://127.0.0.1:8081", ".venv/bin/mailgate", "config/policy.yaml")


def printed(place: Place, width: int) -> str:
    screen = io.StringIO()
    Console(file=screen, width=width).print(tour(place), soft_wrap=True)
    return screen.getvalue()


def told(place: Place) -> str:
    """What it says, without the frame around it."""
    return " ".join(printed(place, 200).replace("│", " ").split())


def test_without_a_company_it_says_what_the_console_needs() -> None:
    assert "Console: start with --people 5000" in told(PLACE)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_every_command_stands_on_a_line_of_its_own(width: int) -> None:
    lines = printed(PLACE, width).splitlines()
    assert all(step.command in lines for step in steps(PLACE))


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_narrow_screen_cuts_nothing_off(width: int) -> None:
    said = " ".join(printed(PLACE, width).replace("│", " ").split())
    assert "nothing leaves this computer. Rules: config/policy.yaml" in said
    assert "the gate takes it at once)" in said


def test_the_devices_are_a_laptop_and_a_phone_in_three_states() -> None:
    assert [step.refused for step in steps(PLACE)] == ["", "posture-missing", "prohibited-app", ""]


def test_what_is_typed_is_quoted_for_the_shell() -> None:
    place = Place("http://localhost:8080/", "", "'/opt/mail gate/bin/mailgate'", "")
    assert shlex.split(steps(place)[3].command)[:3] == ["/opt/mail gate/bin/mailgate", "attest", "mint"]


@pytest.mark.parametrize(
    ("upstream", "words"),
    [("", "a made-up mailbox"), ("https://mail.example.com", "https://mail.example.com")],
)
def test_it_says_what_is_behind_the_gate(upstream: str, words: str) -> None:
    place = Place(PLACE.url, PLACE.admin, PLACE.mailgate, PLACE.policy, upstream)
    text = printed(place, 120)
    assert words in text
    assert "http://127.0.0.1:8081/metrics" in text
    assert "config/policy.yaml" in text


def test_of_a_company_it_says_how_large_it_is_what_to_look_at_and_who_may(tmp_path: Path) -> None:
    tokens = {name: tmp_path / f"{name}.token" for name in ("ada", "grace")}
    for name, path in tokens.items():
        path.write_text(f"{name}:secret\n")
    filled = Filled(Company(5000, 10019, 8206244, "a2612af8a701"), tokens, tmp_path / "planned.yaml")
    place = replace(PLACE, config="var/my demo/mailgate.yaml", tokens=tokens, filled=filled)
    lines = printed(place, 60).splitlines()
    assert all(command in lines for _, command in company_steps(place, filled))
    assert any("5,000 people, 10,019 devices" in line for line in lines)
    assert any(line.startswith("ada: ada:secret") for line in lines)
    assert f"{place.admin}/console/ (log in as ada or grace, with a token below)" in told(place)
    later = told(replace(place, filled=None))  # at the next start of the same demo
    assert f"{place.admin}/console/ (log in as ada or grace, with a token below)" in later
    assert "ada: ada:secret" in later
    assert "unless it keeps out so many" in later
    assert all("'var/my demo/mailgate.yaml'" in command for _, command in company_steps(place, filled))
