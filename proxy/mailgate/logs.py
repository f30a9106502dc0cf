"""Logs have one JSON object on each line. Callers pass words and numbers, but never headers, tokens, names or addresses."""

import json
import logging
import sys
import traceback
from typing import TextIO

import structlog

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Threshold:
    """The level from which lines are written. A reload changes it for existing loggers."""

    level = logging.DEBUG

    def __call__(
        self, _logger: object, method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        if LEVELS.get(method, logging.ERROR) < self.level:
            raise structlog.DropEvent
        return event


_threshold = Threshold()


def is_debugging() -> bool:
    """Whether debug lines are written. Callers ask before they compose such a line."""
    return _threshold.level <= logging.DEBUG


def change_level(level: str) -> None:
    """Write lines from this level on."""
    _threshold.level = LEVELS[level]


def name_error(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Put an exception's kind and where it was raised into the event. Its text is left out, since it may quote what a client sent."""
    info = event.pop("exc_info", None)
    if isinstance(info, tuple) and info[1] is not None:
        event["error"] = type(info[1]).__name__
        event["where"] = traceback.format_tb(info[2])[-4:]
    return event


_in_json = json.JSONEncoder(default=repr).encode  # ``json.dumps`` would make an encoder for each line


def configure_logs(level: str, stream: TextIO = sys.stderr) -> None:
    """Send every log line at ``level`` or above to ``stream`` as JSON. Lines of libraries are sent from ``warning`` on."""
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    change_level(level)
    structlog.configure(
        processors=[
            _threshold,
            *processors,
            structlog.processors.JSONRenderer(lambda event, **_: _in_json(event)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        # each line is one write, since several processes share the stream
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(), foreign_pre_chain=[*processors, name_error]
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
