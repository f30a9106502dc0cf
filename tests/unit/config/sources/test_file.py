from pathlib import Path

import pytest
from tests.unit.connectors.around import settings_of

from mailgate.config.sources import FileSettings, PostSettings


@pytest.mark.parametrize(
    ("values", "is_csv"),
    [
        ({"path": "d.csv"}, True),
        ({"path": "d.CSV"}, True),
        ({"path": "d.jsonl"}, False),
        ({"path": "d.csv", "format": "jsonl"}, False),
        ({"path": "d", "format": "csv"}, True),
    ],
)
def test_what_a_file_is(values, is_csv):
    assert settings_of(FileSettings, {"type": "file"} | values).is_csv() is is_csv


def test_a_path_counts_from_the_folder_of_the_settings_and_may_lead_nowhere_yet():
    assert settings_of(FileSettings, {"type": "file", "path": "not/there.csv"}).path == Path("not/there.csv")


@pytest.mark.parametrize("path", ["", "https://example.com/d.csv", 7, "a\0b"])
def test_what_is_no_path(path):
    with pytest.raises(ValueError, match="not a path; expected one, relative to the folder of this file"):
        settings_of(FileSettings, {"type": "file", "path": path})


def test_the_key_is_not_shown():
    settings = settings_of(PostSettings, {"type": "post"}, api_key="hunter2")
    assert settings.api_key.get_secret_value() == "hunter2"
    assert "hunter2" not in f"{settings!r} {settings.model_dump_json()}"
    assert settings.post_bytes == 16 * 1024 * 1024
