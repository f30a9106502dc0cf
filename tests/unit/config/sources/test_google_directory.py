import pytest
from pydantic import ValidationError
from tests.unit.connectors.around import service_account, settings_of

from mailgate.config.sources import GoogleDirectorySettings

VALUES = {"type": "google-directory", "delegate": "admin@example.com"}


def test_google_directory():
    settings = settings_of(GoogleDirectorySettings, VALUES, account=service_account())
    assert (settings.base_url, settings.login_url) == (
        "https://admin.googleapis.com",
        "https://oauth2.googleapis.com",
    )
    assert not settings.unmanaged_apps, "nobody is called clean before a person has said what Google collects"


@pytest.mark.parametrize("wrong", [{"customer": "../x"}, {"delegate": "admin"}, {"page_size": 101}])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError):
        settings_of(GoogleDirectorySettings, VALUES | wrong, account=service_account())
