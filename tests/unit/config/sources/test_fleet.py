from tests.unit.connectors.around import settings_of

from mailgate.config.sources import FleetSettings


def test_fleet():
    values = {"type": "fleet", "base_url": "https://fleet.example.com/"}
    settings = settings_of(FleetSettings, values, token="s3cret")
    assert (settings.base_url, settings.page_size) == ("https://fleet.example.com", 50)
    assert "s3cret" not in repr(settings)
