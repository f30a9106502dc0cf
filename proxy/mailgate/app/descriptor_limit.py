"""The number of files and connections that this process may have open."""

import resource
from contextlib import suppress

UNLIMITED = 2**20


def raise_descriptor_limit() -> int:
    """The limit, after raising it as far as this process may; ``UNLIMITED`` if there is none."""
    soft, hard = _limits()
    if soft < hard:
        with suppress(OSError, ValueError):  # some systems have a lower limit than they report
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return _limits()[0]


def _limits() -> tuple[int, int]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _bounded(soft), _bounded(hard)


def _bounded(limit: int) -> int:
    return UNLIMITED if limit == resource.RLIM_INFINITY else min(limit, UNLIMITED)
