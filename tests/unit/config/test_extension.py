"""The settings of the companion extension."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.config.minimal import MINIMAL

from mailgate.attest.sealing import MachineTokens
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


def test_a_browser_is_silent_after_more_than_a_weekend(tmp_path: Path) -> None:
    assert load(tmp_path, "").extension.silent_after == timedelta(days=3)
    assert load(tmp_path, "silent_after: 1h").extension.silent_after == timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("fleet_secret: {env: FLEET}", "use at least 32 random characters"),
        ("fleet_secret: hunter2", "use {env: NAME} or {file: PATH}"),
        ("fleet_secret: {env: NONE}", "is missing or empty"),
        ("keys_a_machine: 0", "1 or more"),
        ("silent_after: 59m", " or more"),
    ],
)
def test_a_mistake_says_its_place(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, text, FLEET="s" * 31)
    assert wrong in str(refused.value)
    assert "sss" not in str(refused.value)


def test_the_folder_of_the_packages_is_beside_the_settings_and_need_not_exist_yet(tmp_path: Path) -> None:
    assert load(tmp_path, "packages: packages").extension.packages == tmp_path / "packages"
    assert load(tmp_path, "").extension.packages is None
