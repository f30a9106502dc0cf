"""What the terminal shows, and the lines of the tour: each can be copied whole, and says what it will be answered."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from mailgate.demo.company.fill import Filled
from mailgate.demo.tour import DemoAddresses, commands, company_steps, steps, tour

PLACE = DemoAddresses(
    "http://localhost:8080/",
    "http://127.0.0.1:8081",
    ".venv/bin/mailgate",
    "var/demo/rules/policy.yaml",
    start="http://localhost:8082/",
    log="var/demo/gate.log",
)


@pytest.fixture
def company(tmp_path: Path) -> DemoAddresses:
    tokens = {name: tmp_path / f"{name}.token" for name in ("ada", "grace")}
    for name, path in tokens.items():
        path.write_text(f"{name}:secret\n")
    filled = Filled("a2612af8a701", tokens, tmp_path / "planned.yaml")
    return replace(PLACE, config="var/my demo/mailgate.yaml", tokens=tokens, filled=filled)


def test_the_last_lines_say_what_to_open_what_to_try_and_how_to_log_in(company: DemoAddresses) -> None:
    assert tour(company).splitlines() == [
        "Mailgate runs. Open http://localhost:8082/",
        "There, one click each:",
        "  1. Be the phone with TikTok (1 minute)",
        "  2. Be the help desk (2 minutes)",
        "  3. Prohibit an app yourself (3 minutes)",
        "",
        "Mail     http://localhost:8080/  (a demo mailbox)",
        "Console  http://localhost:8081/console/",
        "Log in   ada:secret",
        "Log in   grace:secret",
        "Rules    var/demo/rules/policy.yaml  (edit them: big changes need approval)",
        "Log      var/demo/gate.log",
        "Ctrl-C ends the demo.",
    ]
    assert max(map(len, tour(company).splitlines())) <= 80


def test_without_a_company_it_says_what_the_console_needs() -> None:
    said = tour(PLACE)
    assert "(to log in, start with --people 300 in a new --directory)" in said
    assert "Be the help desk" not in said
    assert "approval" not in said


def test_the_devices_are_a_laptop_and_a_phone_in_three_states() -> None:
    assert [step.refused for step in steps(PLACE)] == ["", "posture-missing", "prohibited-app", ""]


def test_the_program_is_quoted_for_the_shell() -> None:
    place = DemoAddresses("http://localhost:8080/", "", "'/opt/mail gate/bin/mailgate'", "")
    assert shlex.split(steps(place)[3].command)[:3] == ["/opt/mail gate/bin/mailgate", "attest", "mint"]


def test_a_demo_in_another_folder_mints_with_the_keys_of_that_folder() -> None:
    line = steps(replace(PLACE, keys="/tmp/my demo/keys"))[3].command
    assert shlex.split(line)[1:5] == ["attest", "mint", "--keys", "/tmp/my demo/keys"]


def test_the_tour_says_what_is_behind_the_gate() -> None:
    assert "(before https://mail.example.com)" in tour(replace(PLACE, upstream="https://mail.example.com"))


def test_a_company_has_lines_of_its_own_to_try(company: DemoAddresses) -> None:
    assert commands(PLACE) == commands(company)[:4]
    assert company.filled is not None
    assert commands(company)[4:] == company_steps(company, company.filled)
    assert all("'var/my demo/mailgate.yaml'" in line for _, line in commands(company)[4:])
