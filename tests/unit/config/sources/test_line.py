from pathlib import Path

import pytest
from tests.unit.connectors.around import settings_of

from mailgate.config.sources.line import DeviceLine, FileSettings, PostSettings


def test_a_line_needs_only_an_id():
    line = DeviceLine.model_validate_json('{"id": "1"}')
    assert (line.apps, line.apps_complete, line.status, line.gone) == (None, False, "none", False)
    assert line.looked_at() is None


def test_apps_need_a_time_and_a_time_alone_is_no_report():
    with pytest.raises(ValueError, match="needs `reported_at`"):
        DeviceLine.model_validate_json('{"id": "1", "apps": []}')
    assert (
        DeviceLine.model_validate_json('{"id": "1", "reported_at": "2026-11-24T09:00:00Z"}').looked_at()
        is None
    )


@pytest.mark.parametrize("half", ['"compliance": "compliant"', '"compliance_at": "2026-11-24T09:00:00Z"'])
def test_a_verdict_needs_a_time_and_a_time_a_verdict(half):
    with pytest.raises(ValueError, match="come together"):
        DeviceLine.model_validate_json(f'{{"id": "1", {half}}}')


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
def test_the_name_or_the_format_tells_a_csv_file(values, is_csv):
    assert settings_of(FileSettings, {"type": "file"} | values).is_csv() is is_csv


def test_a_path_is_relative_to_the_settings_and_may_not_exist_yet():
    assert settings_of(FileSettings, {"type": "file", "path": "not/there.csv"}).path == Path("not/there.csv")


@pytest.mark.parametrize("path", ["", "https://example.com/d.csv", 7, "a\0b"])
def test_anything_but_a_relative_path_is_refused(path):
    with pytest.raises(ValueError, match="not a path; use one, relative to the folder of this file"):
        settings_of(FileSettings, {"type": "file", "path": path})


def test_the_key_is_not_shown():
    settings = settings_of(PostSettings, {"type": "post"}, api_key="hunter2")
    assert settings.api_key.get_secret_value() == "hunter2"
    assert "hunter2" not in f"{settings!r} {settings.model_dump_json()}"
    assert settings.post_bytes == 16 * 1024 * 1024
