"""Who runs a command: an admin who proves it, or whom the system knows."""

import sys
from pathlib import Path

import pytest
import typer
from tests.admins import token
from tests.unit.rollout.test_person import known

from mailgate.cli import identity
from mailgate.cli.exit_codes import UsageError
from mailgate.cli.identity import VARIABLE, acting_person, acting_person_if_given, system_user
from mailgate.config import Settings
from mailgate.rollout.person import RefusedError

NOBODY = Settings.model_construct()
SETTINGS = Settings.model_construct(admins=known(ada="operator", lin="viewer approver"))


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token in the environment, and no terminal."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What is typed at a terminal."""
    what = {"token": "", "asked": ""}

    def prompt(text: str, *, hide_input: bool, err: bool, **_: object) -> str:
        assert hide_input
        assert err
        what["asked"] = text
        return what["token"]

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(typer, "prompt", prompt)
    return what


def test_without_admins_the_system_user_acts() -> None:
    who = acting_person(NOBODY, "operator")
    assert who == acting_person_if_given(NOBODY, "operator") == system_user()
    assert who.name
    assert who.origin


def test_a_token_says_who_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: dict[str, str]
) -> None:
    typed["token"] = token("ada")
    assert acting_person(SETTINGS, "operator").name == "ada"
    monkeypatch.setenv(VARIABLE, token("lin"))
    assert acting_person(SETTINGS, "operator", "approver").name == "lin"
    (tmp_path / "token").write_text(token("ada") + "\n")
    assert acting_person(SETTINGS, "operator", token_file=tmp_path / "token").name == "ada"
    assert acting_person(SETTINGS, "operator", token_file=tmp_path / "token").origin == system_user().origin


@pytest.mark.parametrize(
    ("given", "role", "why"),
    [
        ("", "operator", "the settings have admins: give your token in MAILGATE_ADMIN_TOKEN"),
        ("ada:wrong", "operator", "the admin token is not valid"),
        (token("nobody"), "operator", "the admin token is not valid"),
        (token("lin"), "operator", "lin may not do this: it takes the role operator"),
    ],
)
def test_a_person_without_a_proof_or_the_role_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: str, role: str, why: str
) -> None:
    monkeypatch.setenv(VARIABLE, given)
    with pytest.raises(RefusedError) as ended:
        acting_person(SETTINGS, role)  # type: ignore[arg-type]
    assert why in str(ended.value)
    assert "secret" not in str(ended.value)


def test_a_missing_token_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        acting_person(SETTINGS, "operator", token_file=tmp_path / "none")


def test_a_look_alone_needs_no_token(monkeypatch: pytest.MonkeyPatch, typed: dict[str, str]) -> None:
    assert acting_person_if_given(SETTINGS, "operator") is None
    assert typed["asked"] == "Admin token (Enter to look only)"
    monkeypatch.setenv(VARIABLE, "ada:wrong")
    with pytest.raises(RefusedError):
        acting_person_if_given(SETTINGS, "operator")
    monkeypatch.setenv(VARIABLE, token("ada"))
    found = acting_person_if_given(SETTINGS, "operator")
    assert found is not None
    assert found.name == "ada"


def test_without_a_terminal_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity.typer, "prompt", lambda *_, **__: pytest.fail("nobody is there"))
    assert acting_person_if_given(SETTINGS, "operator") is None
