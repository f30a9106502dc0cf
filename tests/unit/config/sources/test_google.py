import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError
from tests.unit.connectors.around import service_account, settings_of

from mailgate.config.sources.google import AndroidManagementSettings, GoogleDirectorySettings, PushSettings

VALUES = {"type": "android-management", "enterprise": "LC0example"}


def test_the_key_file_is_taken_whole():
    settings = settings_of(AndroidManagementSettings, VALUES, account=service_account())
    assert json.loads(settings.account.get_secret_value())["client_email"].startswith("mailgate@")
    assert "PRIVATE" not in repr(settings)


def of_another_kind():
    key = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return json.dumps({"client_email": "a@example.com", "private_key": key.decode()})


@pytest.mark.parametrize(
    "text",
    ["s3cret", "[]", "{}", '{"client_email": "a@example.com"}',
     '{"client_email": "a@example.com", "private_key": "s3cret"}',
     '{"client_email": 7, "private_key": "s3cret"}', of_another_kind()],
)  # fmt: skip
def test_a_wrong_key_file_is_refused_and_never_shown(text):
    with pytest.raises(ValidationError) as caught:
        settings_of(AndroidManagementSettings, VALUES, account=text)
    assert "not the key of a service account" in str(caught.value)
    assert "s3cret" not in str(caught.value)


VALUES_GOOGLE_DIRECTORY = {"type": "google-directory", "delegate": "admin@example.com"}


def test_google_directory_has_its_addresses_by_default():
    settings = settings_of(GoogleDirectorySettings, VALUES_GOOGLE_DIRECTORY, account=service_account())
    assert (settings.base_url, settings.login_url) == (
        "https://admin.googleapis.com",
        "https://oauth2.googleapis.com",
    )
    assert not settings.unmanaged_apps, "nobody is called clean before a person has said what Google collects"


@pytest.mark.parametrize("wrong", [{"customer": "../x"}, {"delegate": "admin"}, {"page_size": 101}])
def test_an_impossible_setting_is_refused(wrong):
    with pytest.raises(ValidationError):
        settings_of(GoogleDirectorySettings, VALUES_GOOGLE_DIRECTORY | wrong, account=service_account())


TOKEN = {"audience": "https://mail.example.com", "email": "push@example.iam.gserviceaccount.com"}


def test_a_message_is_proved_by_a_token_or_a_key():
    assert settings_of(PushSettings, TOKEN).posting().key is None
    assert settings_of(PushSettings, {}, api_key="k").posting().key.get_secret_value() == "k"


@pytest.mark.parametrize(
    ("values", "secrets"),
    [({}, {}), ({"audience": "x"}, {}), ({"audience": "x"}, {"api_key": "k"}), (TOKEN, {"api_key": "k"})],
)
def test_a_message_takes_exactly_one_proof(values, secrets):
    with pytest.raises(ValidationError, match="a message needs exactly one way"):
        settings_of(PushSettings, values, **secrets)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": [7]}', '{"keys": [{"kty": "RSA"}]}'])
def test_a_file_of_keys_has_keys(tmp_path, text):
    (tmp_path / "keys.json").write_text(text)
    with pytest.raises(ValidationError, match="not a JWKS"):
        settings_of(PushSettings, TOKEN | {"keys": str(tmp_path / "keys.json")})


def test_android_management_has_its_address_by_default():
    settings = settings_of(AndroidManagementSettings, VALUES, account=service_account())
    assert settings.base_url == "https://androidmanagement.googleapis.com"
    assert not settings.enrollment_data_is_owner, "what a token carries is the company's own business"


@pytest.mark.parametrize("wrong", ["enterprises/LC0example", "", "LC0/.."])
def test_the_enterprise_is_its_id_alone(wrong):
    with pytest.raises(ValidationError):
        settings_of(AndroidManagementSettings, VALUES | {"enterprise": wrong}, account=service_account())
