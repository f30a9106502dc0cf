"""Where a login may lead on to, and how long it has to wait, for every way of logging in."""

from datetime import timedelta
from math import ceil


def own(path: str) -> str:
    """A place of the console to go on to; nothing where it would lead elsewhere."""
    inside = path.startswith("/console/") and path.isprintable() and "\\" not in path and "//" not in path
    return path if inside else ""


def too_many(wait: timedelta) -> str:
    """That somebody has to wait, in words."""
    minutes = ceil(wait / timedelta(minutes=1))
    return f"Too many logins. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
