from tests.unit.connectors.around import settings_of

from mailgate.config.sources import PostSettings


def test_the_key_is_not_shown():
    settings = settings_of(PostSettings, {"type": "post"}, api_key="hunter2")
    assert settings.api_key.get_secret_value() == "hunter2"
    assert "hunter2" not in f"{settings!r} {settings.model_dump_json()}"
    assert settings.post_bytes == 16 * 1024 * 1024
