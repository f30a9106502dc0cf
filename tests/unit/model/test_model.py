"""The shared nouns."""

import pkgutil
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

import pytest

from mailgate import model
from mailgate.model import Assurance, Compliance, Enrolment, PostureState, Protocol, Threat, User
from mailgate.model.client import DEFAULT_PLACE
from mailgate.model.notice import Standing

MODULES = [import_module(f"mailgate.model.{each.name}") for each in pkgutil.iter_modules(model.__path__)]
TYPES = [
    each
    for module in MODULES
    for each in vars(module).values()
    if isinstance(each, type) and each.__module__ == module.__name__
]
WORDS = [each for each in TYPES if issubclass(each, StrEnum)]
NOUNS = [each for each in TYPES if is_dataclass(each)]
CALLED_OTHERWISE = {
    "EncounterKind.MAIL": "mailed",
    "EncounterKind.WARNING": "warned",
    "EncounterKind.REFUSAL": "kept_out",
}
SAID_BY_NOBODY = {
    "RequestFacts.method": "GET",
    "RequestFacts.target": "/",
    "RequestFacts.scheme": "http",
    "Client.assurance": Assurance.CLAIMED,
    "Client.protocol": Protocol.WEB,
    "Access.user": User(),
    "Posture.state": PostureState.MISSING,
    "Notice.was_requested": True,
    "Posture.enrolment": Enrolment.UNKNOWN,
    "Posture.compliance": Compliance.NONE,
    "Posture.threat": Threat.NONE,
    "ManagementVerdict.threat": Threat.NONE,
    "AttestationResult.status": "none",
    "AttestationResult.enrolment": Enrolment.UNKNOWN,
    "NoticeDevice.standing": Standing.UNKNOWN,
    "RequestFacts.activesync": DEFAULT_PLACE,
    "ActiveSyncPlace.addresses": ("/Microsoft-Server-ActiveSync",),
    "ActiveSyncPlace.cookies": ("X-BackEndCookie", "ClientId"),
}
"""What is not just empty where nobody says it: the weakest that there is, or what the protocol itself says."""


@pytest.mark.parametrize("words", WORDS)
def test_a_member_has_the_word_that_it_is_called_by(words):
    """The words are stored and sent, so a change of one is a change of what others read."""
    for name, member in words.__members__.items():
        word = CALLED_OTHERWISE.get(f"{words.__name__}.{name}", name.lower())
        assert member.value.replace("-", "_") == word


def unsaid(noun: type) -> dict[str, Any]:
    """The values of the fields that need not be given."""
    made = {each.name: each.default for each in fields(noun) if each.default is not MISSING}
    return made | {
        each.name: each.default_factory() for each in fields(noun) if each.default_factory is not MISSING
    }


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_a_value_that_nobody_told_is_unknown(noun):
    """Neither true, nor a number, nor a word: a fact that no source has told is none."""
    told = {f"{noun.__name__}.{name}": value for name, value in unsaid(noun).items() if value}
    assert told == {
        name: said for name, said in SAID_BY_NOBODY.items() if name.startswith(f"{noun.__name__}.")
    }
