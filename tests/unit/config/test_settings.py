from pathlib import Path

import pytest

from mailgate.config import Address, load_settings
from mailgate.errors import ConfigError

ROOT = Path(__file__).parents[3]


def test_the_shipped_settings() -> None:
    settings = load_settings(ROOT / "config/mailgate.yaml", {})
    assert (settings.listen, settings.public_url) == (Address("127.0.0.1", 8080), "http://localhost:8080")
    assert settings.store.get_secret_value() == "sqlite:///var/mailgate.db"
    assert settings.limits.head_bytes == 64 * 1024


def test_nothing_can_be_changed_afterwards() -> None:
    settings = load_settings(ROOT / "config/mailgate.yaml", {})
    with pytest.raises(ValueError, match="frozen"):
        settings.upstream = "http://elsewhere"  # type: ignore[misc]


def test_no_secret_is_shown(tmp_path: Path) -> None:
    text = (ROOT / "config/mailgate.yaml").read_text()
    (tmp_path / "mailgate.yaml").write_text(text.replace("sqlite:///var/mailgate.db", "{env: STORE}"))
    settings = load_settings(tmp_path / "mailgate.yaml", {"STORE": "postgresql://u:hunter2@h/db"})
    assert "hunter2" not in f"{settings!r} {settings.model_dump_json()}"
    (tmp_path / "mailgate.yaml").write_text(
        text.replace("sqlite:///var/mailgate.db", "mysql://u:hunter2@h/db")
    )
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "mailgate.yaml", {})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        (
            "admin_listen: 127.0.0.1:8081",
            "admin_listen: 127.0.0.1:8080",
            "6:15: the same address as `listen`",
        ),
        (
            "trusted_proxies",
            "limits: {head_bytes: 0}\ntrusted_proxies",
            "8:22: `0` is out of range; expected greater",
        ),
        (
            "trusted_proxies",
            "upstream_ca: mailgate.yaml\ntrusted_proxies",
            "8:14: the file holds no certificates",
        ),
        ("trusted_proxies", "timeouts: {idle: 0s}\ntrusted_proxies", "8:18: `0s` is not a duration"),
    ],
)
def test_settings_that_make_no_sense(old: str, new: str, mistake: str, tmp_path: Path) -> None:
    text = (ROOT / "config/mailgate.yaml").read_text()
    (tmp_path / "mailgate.yaml").write_text(text.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "mailgate.yaml", {})
    [found] = caught.value.mistakes
    assert f":{mistake}" in str(found)


def test_authorities_are_for_a_webmail_on_https(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    text = (ROOT / "config/mailgate.yaml").read_text() + f"upstream_ca: {certificate[0].name}\n"
    (tmp_path / "mailgate.yaml").write_text(text)
    with pytest.raises(ConfigError, match="`upstream` is not https"):
        load_settings(tmp_path / "mailgate.yaml", {})
    (tmp_path / "mailgate.yaml").write_text(text.replace("http://127.0.0.1:9080", "https://127.0.0.1:9080"))
    assert load_settings(tmp_path / "mailgate.yaml", {}).upstream_ca == certificate[0]
