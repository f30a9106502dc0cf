import pytest
from pydantic import ValidationError
from tests.unit.connectors.around import settings_of

from mailgate.config.sources import WorkspaceOneSettings

VALUES = {"type": "workspace-one", "base_url": "https://as1.example.com"}
OAUTH = {"client_id": "gate", "login_url": "https://na.uemauth.example.com"}


def test_an_oauth_client():
    settings = settings_of(WorkspaceOneSettings, VALUES | OAUTH, client_secret="s3cret")
    assert settings.login_url == "https://na.uemauth.example.com"
    assert not settings.unmanaged_apps, "nobody is called clean before a person has said what is collected"


def test_an_administrator_with_a_tenant_code():
    settings = settings_of(WorkspaceOneSettings, VALUES | {"username": "gate"}, password="s", tenant_code="t")
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
def test_exactly_one_way_to_log_in(values, secrets):
    with pytest.raises(ValidationError, match="exactly one way to log in is needed"):
        settings_of(WorkspaceOneSettings, VALUES | values, **secrets)
