import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError
from tests.unit.connectors.around import service_account, settings_of

from mailgate.config.sources import AndroidManagementSettings

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
def test_what_is_no_key_file_is_refused_and_never_shown(text):
    with pytest.raises(ValidationError) as caught:
        settings_of(AndroidManagementSettings, VALUES, account=text)
    assert "not the key of a service account" in str(caught.value)
    assert "s3cret" not in str(caught.value)
