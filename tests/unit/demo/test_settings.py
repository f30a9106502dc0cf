"""The demo's settings file: what is written is what a gate reads."""

from pathlib import Path

from tests.unit.demo.examples import written_settings

from mailgate.attest.mint import TEST_ISSUER
from mailgate.config import load_bundle


def test_a_gate_can_be_started_with_it(tmp_path: Path) -> None:
    settings = load_bundle(written_settings(tmp_path / "a: directory" / "demo", tmp_path)).settings
    assert (str(settings.listen), settings.public_url) == ("127.0.0.1:8123", "http://localhost:8123")
    assert (str(settings.admin_listen), settings.probe) == ("127.0.0.1:8124", "require")
    assert [issuer.issuer for issuer in settings.attestation.issuers] == [TEST_ISSUER]


def test_a_store_of_one_s_own_may_hold_a_password(tmp_path: Path) -> None:
    url = "postgresql://mailgate:not-to-be-seen@db.example.com/mailgate"
    path = written_settings(tmp_path, tmp_path, store=url)
    assert load_bundle(path).settings.store.get_secret_value() == url
    assert "not-to-be-seen" not in path.read_text()
    assert (tmp_path / "store.url").stat().st_mode & 0o777 == 0o600


def test_who_opens_it_is_told_that_changes_are_lost(tmp_path: Path) -> None:
    assert written_settings(tmp_path, tmp_path).read_text().startswith("# Written anew at every start")
