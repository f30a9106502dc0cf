"""The form of ``groups.yaml``: the groups of people, and the part of them that is stored with a version of the
rules."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from mailgate.config.files import Reading
from mailgate.config.settings import Files
from mailgate.policy.apps import Strict
from mailgate.policy.groups import NO_GROUPS, Groups
from mailgate.policy.login_names import NO_LOGINS, Logins

KEPT_GROUPS = "groups.json"
"""The name of the groups among the texts of a version. They have no names of people."""

GroupName = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=200)]
Login = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=500)]


class GroupsFile(Strict):
    """``groups.yaml``: the login names of the people in each group."""

    groups: Mapping[GroupName, tuple[Login, ...]]


def read_groups(folder: Path, names: Files, reading: Reading, logins: Logins = NO_LOGINS) -> Groups:
    """The groups in the file that the settings name; empty if the default file does not exist."""
    path = folder / names.groups
    if "groups" not in names.model_fields_set and not reading.has(path):
        return NO_GROUPS
    file = reading.model(GroupsFile, reading.document(path), {})
    return Groups.of_members(file.groups, logins) if file else NO_GROUPS


def text_of_groups(groups: Groups) -> str:
    """The text of the groups in a version: the same text for the same people, however their file is written."""
    return json.dumps({"groups": groups.members(), "alike": sorted(groups.alike)}, sort_keys=True)


def groups_of_text(text: str) -> Groups:
    """The groups in the text of a version."""
    kept = json.loads(text)
    return Groups.of_digests(kept["groups"], kept["alike"])
