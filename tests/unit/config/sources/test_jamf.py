from tests.unit.connectors.around import settings_of

from mailgate.config.sources import JamfSettings

VALUES = {"type": "jamf", "base_url": "https://example.jamfcloud.com/", "client_id": "gate"}


def test_jamf_pro():
    settings = settings_of(JamfSettings, VALUES, client_secret="s3cret")
    assert settings.base_url == "https://example.jamfcloud.com"
    assert settings.client_secret.get_secret_value() == "s3cret"
    assert not settings.unmanaged_apps, "nobody is called clean before a person has said what Jamf collects"
