import pytest
from pydantic import ValidationError
from tests.unit.connectors.around import settings_of

from mailgate.config.sources.apis import (
    AppleMdmSettings,
    FleetSettings,
    IntuneSettings,
    JamfSettings,
    WorkspaceOneSettings,
)

VALUES = {"type": "intune", "tenant": "example.onmicrosoft.com", "client_id": "app"}


def test_intune_asks_the_public_cloud_unless_another_is_named():
    settings = settings_of(IntuneSettings, VALUES, client_secret="s3cret")
    assert (settings.base_url, settings.login_url) == (
        "https://graph.microsoft.com",
        "https://login.microsoftonline.com",
    )
    other = VALUES | {
        "base_url": "https://graph.microsoft.us",
        "login_url": "https://login.microsoftonline.us",
    }
    assert settings_of(IntuneSettings, other, client_secret="s").base_url == "https://graph.microsoft.us"


VALUES_JAMF = {"type": "jamf", "base_url": "https://example.jamfcloud.com/", "client_id": "gate"}


def test_jamf_pro_needs_only_an_address_and_a_client():
    settings = settings_of(JamfSettings, VALUES_JAMF, client_secret="s3cret")
    assert settings.base_url == "https://example.jamfcloud.com"
    assert settings.client_secret.get_secret_value() == "s3cret"
    assert not settings.unmanaged_apps, "nobody is called clean before a person has said what Jamf collects"


def test_fleet_needs_only_an_address_and_a_token():
    values = {"type": "fleet", "base_url": "https://fleet.example.com/"}
    settings = settings_of(FleetSettings, values, token="s3cret")
    assert (settings.base_url, settings.page_size) == ("https://fleet.example.com", 50)
    assert "s3cret" not in repr(settings)


VALUES_WORKSPACE_ONE = {"type": "workspace-one", "base_url": "https://as1.example.com"}
OAUTH = {"client_id": "gate", "login_url": "https://na.uemauth.example.com"}


def test_workspace_one_takes_an_oauth_client():
    settings = settings_of(WorkspaceOneSettings, VALUES_WORKSPACE_ONE | OAUTH, client_secret="s3cret")
    assert settings.login_url == "https://na.uemauth.example.com"
    assert not settings.unmanaged_apps, "nobody is called clean before a person has said what is collected"


def test_workspace_one_takes_an_administrator_with_a_tenant_code():
    settings = settings_of(
        WorkspaceOneSettings, VALUES_WORKSPACE_ONE | {"username": "gate"}, password="s", tenant_code="t"
    )
    assert settings.tenant_code.get_secret_value() == "t"


@pytest.mark.parametrize(
    ("values", "secrets"),
    [
        ({}, {}),
        (OAUTH, {}),
        ({"username": "gate"}, {"password": "s"}),
        (OAUTH | {"username": "gate"}, {"client_secret": "s"}),
        (OAUTH | {"username": "gate"}, {"client_secret": "s", "password": "s", "tenant_code": "t"}),
    ],
)
def test_workspace_one_takes_exactly_one_way_to_log_in(values, secrets):
    with pytest.raises(ValidationError, match="exactly one way to log in is needed"):
        settings_of(WorkspaceOneSettings, VALUES_WORKSPACE_ONE | values, **secrets)


VALUES_APPLE_MDM = {"type": "apple-mdm"}


def test_a_webhook_may_prove_itself_by_a_key():
    settings = settings_of(AppleMdmSettings, VALUES_APPLE_MDM, api_key="s3cret")
    assert settings.posting().key.get_secret_value() == "s3cret"
    assert not settings.scheduled(), "there is nobody to ask"
    assert not settings.whole_lists, "nobody is called clean before a person has said what is asked for"


def test_a_webhook_may_prove_itself_by_a_signature():
    settings = settings_of(AppleMdmSettings, VALUES_APPLE_MDM, hmac_key="s3cret")
    assert settings.posting().key is None


def test_devices_are_asked_where_there_is_an_api():
    api = {"base_url": "https://mdm.example.com", "api_key": {"env": "HMAC_KEY"}}
    assert settings_of(AppleMdmSettings, VALUES_APPLE_MDM | {"nanomdm": api}, hmac_key="s3cret").scheduled()


@pytest.mark.parametrize("secrets", [{}, {"api_key": "a", "hmac_key": "b"}])
def test_a_webhook_takes_exactly_one_proof(secrets):
    with pytest.raises(ValidationError, match="an event needs exactly one way"):
        settings_of(AppleMdmSettings, VALUES_APPLE_MDM, **secrets)
