import pytest
from pydantic import ValidationError
from tests.unit.connectors.around import settings_of

from mailgate.config.sources import AppleMdmSettings

VALUES = {"type": "apple-mdm"}


def test_a_webhook_with_a_key():
    settings = settings_of(AppleMdmSettings, VALUES, api_key="s3cret")
    assert settings.posting().key.get_secret_value() == "s3cret"
    assert not settings.scheduled(), "there is nobody to ask"
    assert not settings.whole_lists, "nobody is called clean before a person has said what is asked for"


def test_a_webhook_that_signs():
    settings = settings_of(AppleMdmSettings, VALUES, hmac_key="s3cret")
    assert settings.posting().key is None


def test_devices_are_asked_where_there_is_an_api():
    api = {"base_url": "https://mdm.example.com", "api_key": {"env": "HMAC_KEY"}}
    assert settings_of(AppleMdmSettings, VALUES | {"nanomdm": api}, hmac_key="s3cret").scheduled()


@pytest.mark.parametrize("secrets", [{}, {"api_key": "a", "hmac_key": "b"}])
def test_exactly_one_proof(secrets):
    with pytest.raises(ValidationError, match="an event needs exactly one way"):
        settings_of(AppleMdmSettings, VALUES, **secrets)
