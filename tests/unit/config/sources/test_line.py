import pytest

from mailgate.config.sources import DeviceLine


def test_the_least_that_a_line_needs():
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
