import pytest


@pytest.fixture(autouse=True)
def made_stores(tmp_path, new_store):
    """What a gate has made before commands are run, wherever the tests have their settings."""
    for folder in ("", "var", "config", "config/var"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "mailgate.db").write_bytes(new_store)
