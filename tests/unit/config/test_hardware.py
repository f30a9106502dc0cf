from pathlib import Path

import pytest
from tests.pki import root
from tests.unit.config.minimal import MINIMAL

from mailgate.config import load_settings
from mailgate.config.settings import Settings
from mailgate.errors import ConfigError

MAKER = root("Maker")


@pytest.fixture
def load(tmp_path: Path):
    (tmp_path / "maker.pem").write_bytes(MAKER.pem)
    (tmp_path / "status.json").write_text('{"entries": {"2c": {"status": "REVOKED"}}}')
    (tmp_path / "broken.json").write_text('{"entries": {"2c": {}}}')
    (tmp_path / "latin.json").write_bytes(b"\xe4")

    def read(text: str) -> Settings:
        (tmp_path / "mailgate.yaml").write_text(f"{MINIMAL}attestation: {{hardware: {text}}}")
        return load_settings(tmp_path / "mailgate.yaml", {})

    return read


def test_each_maker_has_a_format(load) -> None:
    settings = load(
        "{android_key: {roots: maker.pem, revoked: status.json}, apple_device: {roots: maker.pem}}"
    )
    believed = settings.attestation.hardware.trusted_roots()
    assert {name: roots.revoked for name, roots in believed.items()} == {
        "android-key": frozenset({0x2C}),
        "apple-device": frozenset(),
    }
    assert believed["android-key"].certificates == (MAKER.certificate,)
    named = [path.name for path in settings.referenced_files()]
    assert named == ["maker.pem", "status.json", "maker.pem"]


def test_without_roots_nobody_is_believed(load) -> None:
    assert load("{}").attestation.hardware.trusted_roots() == {}


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (
            "{android_key: {roots: maker.pem, revoked: broken.json}}",
            "7:67: no list of revoked keys: expected",
        ),
        ("{android_key: {roots: maker.pem, revoked: latin.json}}", "7:67: no list of revoked keys: expected"),
        ("{apple_device: {roots: status.json}}", "the file holds no certificates"),
        ("{apple_device: {}}", "the key `roots` is missing"),
    ],
)
def test_a_mistake_is_named_where_it_stands(load, text: str, mistake: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert mistake in str(caught.value)
