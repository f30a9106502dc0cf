from datetime import timedelta
from pathlib import Path

import pytest

from mailgate.attest.mint import JWKS_FILE, key_files
from mailgate.config import load_settings
from mailgate.config.settings import ENROLLED
from mailgate.devices import trust
from mailgate.errors import ConfigError

SETTINGS = """listen: 127.0.0.1:0
public_url: https://mail.example.com
upstream: http://127.0.0.1:9080
admin_listen: 127.0.0.1:0
store: sqlite:///gate.db
connectors:
  mdm: {%s}
"""
JAMF = "type: jamf, base_url: https://example.jamfcloud.com, client_id: gate, client_secret: {env: JAMF}"
ENVIRON = {"JAMF": "s3cret"}


def load(tmp_path: Path, connector: str):
    (tmp_path / "mailgate.yaml").write_text(SETTINGS % connector)
    return load_settings(tmp_path / "mailgate.yaml", ENVIRON)


def test_a_source_has_default_intervals_and_limits(tmp_path):
    settings = load(tmp_path, JAMF).connectors["mdm"]
    assert (settings.every, settings.full_every) == (timedelta(minutes=15), timedelta(hours=24))
    assert settings.most_gone == 10
    assert (settings.timeout, settings.run_timeout) == (timedelta(minutes=1), timedelta(hours=2))


def test_no_secret_is_shown(tmp_path):
    settings = load(tmp_path, JAMF)
    assert "s3cret" not in f"{settings!r} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("connector", "mistake"),
    [
        ("type: jam", "7:15: `jam` is not known here; did you mean `jamf`?"),
        ("base_url: https://example.com", "7:8: the key `type` is missing; add it, to tell which kind"),
        ("type: jamf", "7:8: the key `base_url` is missing; use `type`, `base_url`, `client_id`"),
        (f"{JAMF}, full_evry: 3h", "7:107: the key `full_evry` is not known; did you mean `full_every`?"),
        (f"{JAMF}, every: 1s", "7:114: `1s` is out of range; use 5 seconds or more"),
        (f"{JAMF}, most_gone: 101", "7:118: `101` is out of range; use 100 or less"),
        (JAMF.replace("https", "http"), "is not https; use https, since a secret is sent there"),
        (JAMF.replace("{env: JAMF}", "s3cret"), "it is not a reference; use {env: NAME} or {file: PATH}"),
    ],
)
def test_a_mistake_says_where_it_is_and_what_is_expected(tmp_path, connector, mistake):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, connector)
    assert mistake in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "whose"), [("enrolled", "devices that enrolled"), ("company-mdm", "an issuer")]
)
def test_a_connector_may_not_pass_for_another_source(tmp_path, name, whose):
    (tmp_path / "keys.json").write_text(key_files(bytes(32), bytes(32))[JWKS_FILE])
    text = (SETTINGS % JAMF).replace("  mdm:", f"  {name}:")
    issuers = "attestation: {issuers: [{issuer: company-mdm, jwks: keys.json}]}\n"
    (tmp_path / "mailgate.yaml").write_text(text + issuers)
    with pytest.raises(ConfigError, match=f"7:.*the name belongs to {whose}; choose another"):
        load_settings(tmp_path / "mailgate.yaml", ENVIRON)


def test_the_name_of_enrolled_devices_is_that_of_the_store():
    assert trust.ENROLLED == ENROLLED


def test_within_one_machine_it_may_be_http(tmp_path):
    settings = load(tmp_path, JAMF.replace("https://example.jamfcloud.com", "http://127.0.0.1:8443"))
    assert settings.connectors["mdm"].base_url == "http://127.0.0.1:8443"
