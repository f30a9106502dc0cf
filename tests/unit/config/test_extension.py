"""The settings of the companion extension."""

from pathlib import Path

from tests.unit.config.reading import read

from mailgate.config.extension import ExtensionSettings
from mailgate.config.references import Sources


def test_the_folder_of_the_packages_is_beside_the_settings_and_need_not_exist_yet(tmp_path: Path) -> None:
    settings = read(ExtensionSettings, {"packages": "packages"}, Sources(tmp_path, {}))
    assert settings.packages == tmp_path / "packages"
    assert read(ExtensionSettings, {}).packages is None
