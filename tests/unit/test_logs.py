"""Logs are one JSON object a line."""

import io
import json
import logging

import pytest
import structlog

from mailgate.logs import change_level, configure_logs, is_debugging


@pytest.fixture
def logged():
    """Configures logs at a level and gives what was written since, line by line."""
    stream, root = io.StringIO(), logging.getLogger()
    before = root.handlers[:], root.level

    def configure(level):
        configure_logs(level, stream)
        return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]

    yield configure
    structlog.reset_defaults()
    change_level("debug")
    root.handlers[:], root.level = before


def test_a_line_has_its_event_level_and_time_in_utc(logged):
    lines = logged("info")
    structlog.get_logger().info("decided", effect="block", note='two\nlines "quoted"')
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "decided", "level": "info", "effect": "block", "note": 'two\nlines "quoted"'}


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_a_line_below_the_level_is_not_written(logged, level, events):
    lines = logged(level)
    for event in ("debug", "info", "warning", "error"):
        getattr(structlog.get_logger(), event)(event)
    assert [line["event"] for line in lines()] == events


def test_the_level_can_be_changed_under_a_logger_that_is_in_use(logged):
    lines, log = logged("warning"), structlog.get_logger()
    log.info("before")
    log.warning("kept")
    assert not is_debugging()
    change_level("debug")
    assert is_debugging()
    log.debug("after")
    change_level("error")
    log.warning("too mild")
    assert [line["event"] for line in lines()] == ["kept", "after"]


@pytest.mark.parametrize("level", ["debug", "error"])
def test_libraries_are_heard_from_warning_on_in_the_same_form(logged, level):
    lines = logged(level)
    logging.getLogger("library").info("chatter")
    logging.getLogger("library").warning("trouble with %s", "it")
    assert [(line["event"], line["level"]) for line in lines()] == [("trouble with it", "warning")]


def test_the_text_of_a_librarys_exception_is_not_written(logged):
    """It may quote what a client sent."""
    lines, cookie = logged("info"), "a=1234"
    try:
        raise ValueError(f"Cookie: {cookie}")
    except ValueError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved")
    (line,) = lines()
    assert line["event"] == "Task exception was never retrieved"
    assert cookie not in json.dumps(line)
    assert line["error"] == "ValueError"
    assert "test_logs.py" in line["where"][0]
