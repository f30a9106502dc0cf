"""The dependencies between the packages of a lock, by the metadata of what is installed."""

from collections.abc import Collection, Iterable, Mapping
from importlib.metadata import requires
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EXTRAS = ("postgres", "grpc")
"""The extras of Mailgate that are in ``requirements.lock``."""


def needs(project: Mapping[str, Any], names: Collection[str]) -> dict[str, list[str]]:
    """For each of these packages, and for Mailgate itself as ``""``, those of them that it needs."""
    own = [
        *project["dependencies"],
        *(each for extra in EXTRAS for each in project["optional-dependencies"][extra]),
    ]
    asked = {"": [Requirement(each) for each in own]}
    asked |= {name: [Requirement(each) for each in requires(name) or ()] for name in names}
    extras: dict[str, set[str]] = {}
    for each in (each for some in asked.values() for each in some):
        extras.setdefault(canonicalize_name(each.name), set()).update(each.extras)
    return {name: sorted(_wanted(some, extras.get(name, ())) & set(names)) for name, some in asked.items()}


def _wanted(requirements: Iterable[Requirement], extras: Iterable[str]) -> set[str]:
    """The requirements that apply here, with these extras."""
    environments = [{"extra": extra} for extra in ("", *extras)]
    return {
        canonicalize_name(each.name)
        for each in requirements
        if not each.marker or any(each.marker.evaluate(environment) for environment in environments)
    }
