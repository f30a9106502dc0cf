"""No log, for tests of many thousand requests that ask about no line: to make each takes as long as a quarter of the request."""

import logging
from contextlib import contextmanager

import structlog


@contextmanager
def no_log():
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
