"""The settings of the companion extension."""

from pathlib import Path

import pytest
from tests.unit.config.minimal import MINIMAL

from mailgate.attest.machines import MachineTokens
from mailgate.config import Settings, load_settings
from mailgate.errors import ConfigError

SECRET = "s" * 32


def load(tmp_path: Path, text: str, **environ: str) -> Settings:
    (tmp_path / "mailgate.yaml").write_text(f"{MINIMAL}extension: {{{text}}}\n")
    return load_settings(tmp_path / "mailgate.yaml", environ)


def test_without_a_secret_no_machine_has_a_token(tmp_path: Path) -> None:
    assert load(tmp_path, "").extension.machine_tokens == MachineTokens(b"", 5)


def test_the_secret_comes_by_reference_and_is_shown_nowhere(tmp_path: Path) -> None:
    settings = load(tmp_path, "fleet_secret: {env: FLEET}, keys_a_machine: 2", FLEET=SECRET)
    assert settings.extension.machine_tokens == MachineTokens(SECRET.encode(), 2)
    assert SECRET not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("fleet_secret: {env: FLEET}", "expected at least 32 random characters"),
        ("fleet_secret: hunter2", "expected {env: NAME} or {file: PATH}"),
        ("fleet_secret: {env: NONE}", "is missing or empty"),
        ("keys_a_machine: 0", "greater than or equal to 1"),
    ],
)
def test_a_mistake_says_its_place(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, text, FLEET="s" * 31)
    assert wrong in str(refused.value)
    assert "sss" not in str(refused.value)
