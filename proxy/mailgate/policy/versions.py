"""Compares versions, which are texts: part by part, so that 9 comes before 17. A version that cannot be read is not known to be any."""

import re

from cel_expr_python import cel

from mailgate.model.phrase import phrase

AT_LEAST = "at_least"
"""The name of the comparison in conditions: ``extension.browser_version.at_least("142.0.7444.134")``."""
EXAMPLE = phrase('a version like "142" or "142.0.7444.134"')

_VERSION = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,7}", re.ASCII)


def parts_of(version: str) -> tuple[int, ...] | None:
    """The numbers of a version without the zeros at its end, so that 142 is 142.0; None if it is none."""
    if not _VERSION.fullmatch(version):
        return None
    parts = [int(part) for part in version.split(".")]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def order_of(version: str) -> tuple[int, ...]:
    """A key by which versions are sorted. What is none comes first."""
    return parts_of(version) or ()


def at_least(version: str, wanted: str) -> bool:
    """Whether a version is known to be this one or a later one."""
    found, least = parts_of(version), parts_of(wanted)
    return found is not None and least is not None and found >= least


FUNCTION = cel.FunctionDecl(
    AT_LEAST,
    [cel.Overload("version_at_least", cel.Type.BOOL, [cel.Type.STRING, cel.Type.STRING], True, at_least)],
)
"""The same for conditions."""
