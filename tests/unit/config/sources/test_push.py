import pytest
from pydantic import ValidationError
from tests.unit.connectors.around import settings_of

from mailgate.config.sources import PushSettings

TOKEN = {"audience": "https://mail.example.com", "email": "push@example.iam.gserviceaccount.com"}


def test_a_token_or_a_key():
    assert settings_of(PushSettings, TOKEN).posting().key is None
    assert settings_of(PushSettings, {}, api_key="k").posting().key.get_secret_value() == "k"


@pytest.mark.parametrize(
    ("values", "secrets"),
    [({}, {}), ({"audience": "x"}, {}), ({"audience": "x"}, {"api_key": "k"}), (TOKEN, {"api_key": "k"})],
)
def test_exactly_one_of_them(values, secrets):
    with pytest.raises(ValidationError, match="a message needs exactly one way"):
        settings_of(PushSettings, values, **secrets)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": [7]}', '{"keys": [{"kty": "RSA"}]}'])
def test_a_file_of_keys_has_keys(tmp_path, text):
    (tmp_path / "keys.json").write_text(text)
    with pytest.raises(ValidationError, match="no JWKS"):
        settings_of(PushSettings, TOKEN | {"keys": str(tmp_path / "keys.json")})
