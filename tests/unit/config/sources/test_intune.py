from tests.unit.connectors.around import settings_of

from mailgate.config.sources import IntuneSettings

VALUES = {"type": "intune", "tenant": "example.onmicrosoft.com", "client_id": "app"}


def test_the_public_cloud_unless_another_is_named():
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
